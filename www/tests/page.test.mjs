import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start, status, statusWhen } from './harness.mjs';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FIRST_LIGHT = `${PROJECT}/src/sim/scenarios/first-light.json`;
const EXAMPLE = {
  format: 1,
  title: 'Add wins over a concurrent release',
  seed: 7,
  replicas: ['n1', 'n2', 'n3'],
  network: {
    latency_ms: [10, 60], loss: 0.1, duplicate: 0.05, reorder: 0.1, interval_ms: 200, fanout: 2,
  },
  steps: [
    { at_ms: 0, on: 'n1', do: 'register', claim: ['n1', 0, 99] },
    { at_ms: 5, on: 'n1', do: 'increase', claim: ['n1', 0, 99], by: 3 },
    { at_ms: 400, partition: [['n1'], ['n2', 'n3']] },
    { at_ms: 410, on: 'n2', do: 'release', claim: ['n1', 0, 99] },
    { at_ms: 415, on: 'n1', do: 'tighten', claim: ['n1', 0, 99], to: [0, 59] },
    { at_ms: 900, heal: true },
    { at_ms: 950, crash: 'n3' },
    { at_ms: 990, restart: 'n3', state: 'lost' },
  ],
  until: { converged: true, max_ms: 60000 },
};

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** Opens the page, and closes it when `use` is done with it; nothing may have gone wrong in it. */
async function withPage(options, use) {
  const { page, problems } = await bench.openPage(options);
  try {
    await use(page);
    assert.deepEqual(problems, []);
  } finally {
    await page.context().close();
  }
}

/** What the command line says to a scenario on its standard input. */
function native(text) {
  const args = ['run', '--quiet', '--package', 'scalesmall', '--', 'run', '-', '--json'];
  const { status, stdout, stderr } = spawnSync('cargo', args, {
    cwd: PROJECT, input: text, encoding: 'utf8', maxBuffer: 64 << 20,
  });
  return { status, stdout, stderr };
}

function hashOf(scenario) {
  return `#json=${encodeURIComponent(JSON.stringify(scenario))}`;
}

/** How many pixels of a canvas have a colour of their own. */
async function colours(page, selector) {
  return page.locator(selector).evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) {
      seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    }
    return seen.size;
  });
}

test('two dozen nodes disagree and then agree', async () => {
  await withPage({}, async (page) => {
    await page.waitForSelector('[data-node]');
    assert.ok((await page.locator('[data-node]').count()) >= 24);
    const early = await statusWhen(page, (status) => Number(status.distinct) > 1);
    assert.equal(early.converged, 'false');
    assert.equal(early.state, 'running');
    assert.equal(early.fingerprint, undefined);
    assert.match(await page.locator('#status').innerText(), /disagree/);
    const agreed = await statusWhen(page, (status) => status.converged === 'true');
    assert.equal(agreed.distinct, '1');
    assert.match(agreed.fingerprint, /^[0-9a-f]{16}$/);

    const cut = await statusWhen(page, (status) => Number(status.timeUs) > 4_500_000);
    assert.equal(cut.converged, 'false');
    assert.ok((await page.locator('.view .condition', { hasText: 'cut off' }).count()) >= 1);

    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.converged, 'true');
    assert.equal(end.distinct, '1');
    const outcome = JSON.parse(native(readFileSync(FIRST_LIGHT, 'utf8')).stdout);
    assert.equal(end.fingerprint, outcome.replicas.n01.fingerprint);
    assert.equal(Math.floor(Number(end.timeUs) / 1000), outcome.at_ms);
  });
});

test('a scenario in the address ends as on the command line', async () => {
  const outcome = JSON.parse(native(JSON.stringify(EXAMPLE)).stdout);
  await withPage({ hash: `${hashOf(EXAMPLE)}&speed=max` }, async (page) => {
    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.fingerprint, outcome.replicas.n1.fingerprint);
    assert.equal(end.converged, String(outcome.converged));
    assert.equal(Math.floor(Number(end.timeUs) / 1000), outcome.at_ms);
    assert.equal(await page.locator('[data-node]').count(), 3);
  });
});

test('a run that does not converge ends and says so', async () => {
  const scenario = {
    ...EXAMPLE, network: { loss: 1 }, until: { converged: true, max_ms: 2000 },
  };
  await withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.converged, 'false');
    assert.ok(Number(end.distinct) > 1);
    assert.equal(end.timeUs, '2000000');
    assert.equal(end.fingerprint, undefined);
  });
});

test('a bad scenario gets the message of the command line, and the page stays usable', async () => {
  const bad = [
    '{',
    JSON.stringify({ ...EXAMPLE, bogus: 1 }),
    JSON.stringify({ ...EXAMPLE, steps: [{ on: 'n1', do: 'register', claim: ['n1', 9, 2] }] }),
    JSON.stringify({ ...EXAMPLE, steps: [{ on: 'n9', do: 'register', claim: ['n1', 0, 2] }] }),
    JSON.stringify({ ...EXAMPLE, replicas: ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'] }),
  ];
  await withPage({}, async (page) => {
    for (const text of bad) {
      const { status: code, stderr } = native(text);
      assert.equal(code, 2);
      const reason = stderr.trim().replace('scalesmall: standard input: ', '');
      await page.evaluate((hash) => { location.hash = hash; }, `#json=${encodeURIComponent(text)}`);
      await page.locator('#error .reason', { hasText: reason }).waitFor();
      assert.equal(await page.locator('#error .reason').innerText(), reason);
      assert.equal((await status(page)).state, 'paused');
    }
    await page.keyboard.press('Space');
    await statusWhen(page, (status) => status.state === 'running' && status.timeUs > 0);
    await page.locator('#error button').click();
    assert.equal(await page.locator('#error').count(), 0);
    // A good address after a bad one.
    await page.evaluate((hash) => { location.hash = hash; }, `${hashOf(EXAMPLE)}&speed=max`);
    await statusWhen(page, (status) => status.state === 'ended' && status.converged === 'true');
  });
});

test('addresses that cannot be read are refused by name', async () => {
  for (const [hash, reason] of [
    ['#json=%E0%A4%A', /^json: /],
    ['#scenario=nowhere', /"nowhere"/],
    ['#speed=fast', /"fast"/],
    ['#what=ever', /^what: /],
  ]) {
    await withPage({ hash }, async (page) => {
      await page.locator('#error .reason').waitFor();
      assert.match(await page.locator('#error .reason').innerText(), reason);
      assert.ok((await page.locator('[data-node]').count()) >= 24);
    });
  }
});

test('time obeys the mouse', async () => {
  await withPage({}, async (page) => {
    await page.locator('#play').click();
    const paused = await statusWhen(page, (status) => status.state === 'paused');
    await page.locator('#step').click();
    const stepped = await statusWhen(page, (status) => Number(status.timeUs) > Number(paused.timeUs));
    assert.equal(stepped.state, 'paused');
    await page.locator('#step').click();
    await statusWhen(page, (status) => Number(status.timeUs) > Number(stepped.timeUs));
    await page.locator('#step-back').click();
    assert.deepEqual(await statusWhen(page, (status) => status.timeUs === stepped.timeUs && status.state === 'paused'), stepped);
    await page.locator('#speed').selectOption('100');
    await page.locator('#play').click();
    const end = await statusWhen(page, (status) => status.state === 'ended');
    await page.locator('#restart').click();
    await statusWhen(page, (status) => status.state === 'running' || status.state === 'ended');
    assert.deepEqual(await statusWhen(page, (status) => status.state === 'ended'), end);
  });
});

test('time obeys the keyboard', async () => {
  await withPage({}, async (page) => {
    await page.waitForSelector('[data-node]');
    await page.keyboard.press('Space');
    const paused = await statusWhen(page, (status) => status.state === 'paused');
    await page.keyboard.press('ArrowRight');
    const stepped = await statusWhen(page, (status) => Number(status.timeUs) > Number(paused.timeUs));
    await page.keyboard.press('ArrowRight');
    await statusWhen(page, (status) => Number(status.timeUs) > Number(stepped.timeUs));
    await page.keyboard.press('ArrowLeft');
    await statusWhen(page, (status) => status.timeUs === stepped.timeUs);
    await page.keyboard.press('+');
    assert.equal(await page.locator('#speed').inputValue(), '2');
    await page.keyboard.press('-');
    await page.keyboard.press('-');
    assert.equal(await page.locator('#speed').inputValue(), '1/2');
    await page.keyboard.press('Home');
    await statusWhen(page, (status) => status.timeUs === '0');
    await page.keyboard.press('.');
    await statusWhen(page, (status) => status.state === 'running' && Number(status.timeUs) > 0);
  });
});

test('the timeline goes anywhere and shows what was there', async () => {
  await withPage({}, async (page) => {
    await page.locator('#play').click();
    await statusWhen(page, (status) => status.state === 'paused');
    const seek = (ms) => page.locator('.timeline input').evaluate((slider, ms) => {
      slider.value = ms;
      slider.dispatchEvent(new InputEvent('input', { bubbles: true }));
    }, ms);
    await seek(6000);
    const there = await statusWhen(page, (status) => status.timeUs === '6000000');
    await seek(1000);
    const before = await statusWhen(page, (status) => status.timeUs === '1000000');
    assert.notEqual(before.distinct, there.distinct);
    await seek(6000);
    assert.deepEqual(await statusWhen(page, (status) => status.timeUs === '6000000'), there);
  });
});

test('a node opens by mouse and by keyboard', async () => {
  await withPage({}, async (page) => {
    await page.locator('[data-node=n05]').click();
    await page.locator('.node-panel h2', { hasText: 'n05' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.locator('.node-panel h2', { hasText: 'n06' }).waitFor();
    assert.equal(await page.locator('[data-node=n06]').getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('Escape');
    await page.locator('.node-panel').waitFor({ state: 'detached' });
  });
});

test('the tables say what the canvas shows', async () => {
  const scenario = {
    format: 1,
    title: 'one behind',
    replicas: ['a', 'b'],
    network: { mode: 'manual' },
    steps: [{ on: 'a', do: 'increase', claim: ['c', 0, 2147483647], by: 2 }],
    until: { max_ms: 10 },
  };
  await withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
    await statusWhen(page, (status) => status.state === 'ended');
    const rows = (id) => page.locator(`#${id} tbody tr`).evaluateAll((rows) =>
      rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
    assert.deepEqual(await rows('truth-table'), [
      ['0000 0000 – 7fff ffff', 'c (2)'],
      ['8000 0000 – ffff ffff', 'nobody'],
    ]);
    assert.deepEqual(await rows('views-table'), [
      ['a', 'agrees', ''],
      ['b', 'differs on 50 % of the keys, lacks 1 operation', '0000 0000 – 7fff ffff nobody'],
    ]);
    assert.equal(
      await page.locator('[data-node=b]').getAttribute('aria-label'),
      'b: differs on 50 % of the keys, lacks 1 operation',
    );
    // The strip of b is marked where it differs, to the middle of the axis and no further.
    const marked = await page.locator('.views canvas').evaluate((canvas) => {
      const row = canvas.getContext('2d').getImageData(0, canvas.height - 2, canvas.width, 1).data;
      const at = (part) => [...row.slice(Math.floor(canvas.width * part) * 4).slice(0, 4)].join();
      return [at(0.1), at(0.49), at(0.51), at(0.9)];
    });
    assert.equal(marked[0], '181,68,15,255');
    assert.equal(marked[1], marked[0]);
    assert.notEqual(marked[2], marked[0]);
    assert.equal(marked[3], marked[2]);
  });
});

test('the stage is drawn in both themes and fits narrow screens', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 740, mobile: true }]) {
      await withPage({ ...size, colorScheme }, async (page) => {
        await statusWhen(page, (status) => Number(status.timeUs) > 500_000);
        for (const canvas of ['.truth canvas', '.views canvas']) {
          assert.ok((await colours(page, canvas)) > 15, `${canvas} in ${colorScheme}`);
        }
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, `${size.width} wide`);
      });
    }
  }
});

test('a stage of many nodes shows the first of them and runs them all', async () => {
  const replicas = Array.from({ length: 300 }, (_, index) => `r${index}`);
  const scenario = {
    format: 1,
    replicas,
    steps: replicas.slice(0, 20).map((on, index) => (
      { at_ms: index, on, do: 'register', claim: [on, index * 100, index * 100 + 150] })),
  };
  const outcome = JSON.parse(native(JSON.stringify(scenario)).stdout);
  await withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.fingerprint, outcome.replicas.r299.fingerprint);
    assert.equal(await page.locator('[data-node]').count(), 256);
    assert.equal(await page.locator('text=The first 256 of 300 nodes').count(), 1);
  });
});
