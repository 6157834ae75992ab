import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { hashOf, native, setSpeed, sharedFile, speed, start, status, statusWhen } from './harness.mjs';

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
  await bench.withPage({}, async (page) => {
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
    const outcome = JSON.parse(native(readFileSync(FIRST_LIGHT, 'utf8'), 'run', '--json').stdout);
    assert.equal(end.fingerprint, outcome.replicas.n01.fingerprint);
    assert.equal(Math.floor(Number(end.timeUs) / 1000), outcome.at_ms);
  });
});

test('a scenario in the address ends as on the command line', async () => {
  const outcome = JSON.parse(native(JSON.stringify(EXAMPLE), 'run', '--json').stdout);
  await bench.withPage({ hash: `${hashOf(EXAMPLE)}&speed=max` }, async (page) => {
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
  await bench.withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
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
  await bench.withPage({}, async (page) => {
    for (const text of bad) {
      const { status: code, stderr } = native(text, 'run', '--json');
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
    await page.locator('#error').waitFor({ state: 'detached' });
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
    await bench.withPage({ hash }, async (page) => {
      await page.locator('#error .reason').waitFor();
      assert.match(await page.locator('#error .reason').innerText(), reason);
      assert.ok((await page.locator('[data-node]').count()) >= 24);
    });
  }
});

test('time obeys the mouse', async () => {
  await bench.withPage({}, async (page) => {
    await page.locator('#play').click();
    const paused = await statusWhen(page, (status) => status.state === 'paused');
    await page.locator('#step').click();
    const stepped = await statusWhen(page, (status) => Number(status.timeUs) > Number(paused.timeUs));
    assert.equal(stepped.state, 'paused');
    await page.locator('#step').click();
    await statusWhen(page, (status) => Number(status.timeUs) > Number(stepped.timeUs));
    await page.locator('#step-back').click();
    assert.deepEqual(await statusWhen(page, (status) => status.timeUs === stepped.timeUs && status.state === 'paused'), stepped);
    await setSpeed(page, '100');
    await page.locator('#play').click();
    const end = await statusWhen(page, (status) => status.state === 'ended');
    await page.locator('#restart').click();
    await statusWhen(page, (status) => status.state === 'running' || status.state === 'ended');
    assert.deepEqual(await statusWhen(page, (status) => status.state === 'ended'), end);
  });
});

test('time obeys the keyboard', async () => {
  await bench.withPage({}, async (page) => {
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
    assert.equal(await speed(page), '2 ×');
    await page.keyboard.press('-');
    await page.keyboard.press('-');
    assert.equal(await speed(page), '1/2 ×');
    await page.keyboard.press('Home');
    await statusWhen(page, (status) => status.timeUs === '0');
    await page.keyboard.press('.');
    await statusWhen(page, (status) => status.state === 'running' && Number(status.timeUs) > 0);
  });
});

test('the timeline goes anywhere and shows what was there', async () => {
  await bench.withPage({}, async (page) => {
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

test('the divergence map darkens as nodes agree, and leads back in time', async () => {
  const scenario = {
    format: 1,
    replicas: ['a', 'b'],
    network: { mode: 'manual' },
    steps: [
      { at_ms: 1000, on: 'a', do: 'register', claim: ['a', 0, 2147483647] },
      { at_ms: 2000, on: 'b', do: 'register', claim: ['b', 2147483648, 4294967295] },
      { at_ms: 3000, sync: ['a', 'b'] },
      { at_ms: 3000, sync: ['b', 'a'] },
      { at_ms: 3900, heal: true },
    ],
    until: { max_ms: 4000 },
  };
  await bench.withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
    await statusWhen(page, (status) => status.state === 'ended');
    // In the left half of the keys and in the right, in each second of the run.
    const brightness = () => page.locator('.divergence canvas').evaluate((canvas) => {
      // From a copy: that its pixels are read must not change how the page's own canvas is kept.
      const copy = new OffscreenCanvas(canvas.width, canvas.height)
        .getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const at = (x, y) => {
        const { data } = copy.getImageData(canvas.width * x, canvas.height * y, 1, 1);
        return data[0] + data[1] + data[2];
      };
      return [0.1, 0.4, 0.6, 0.9].map((y) => [at(0.3, y), at(0.9, y)]);
    });
    const played = await brightness();
    const [[dark], [bright]] = played;
    assert.ok(bright > dark + 150, `${bright} beside ${dark}`);
    assert.deepEqual(played, [[dark, dark], [bright, dark], [bright, bright], [dark, dark]]);
    const map = page.locator('#divergence');
    assert.equal(
      await page.locator('section', { has: map }).locator('p.visually-hidden').innerText(),
      'Most disagreement: 100 % of the keys at 2.000 s, none since 3.000 s.',
    );

    // It plays on from there, hardly.
    await setSpeed(page, '1/100');
    const { width, height } = await map.boundingBox();
    await map.click({ position: { x: width * 0.7, y: height * 0.4 } });
    await statusWhen(page, ({ timeUs }) => timeUs > 1_500_000 && timeUs < 1_700_000);
    await page.locator('#play').click();
    const there = await statusWhen(page, (status) => status.state === 'paused');
    assert.match(await map.getAttribute('aria-valuetext'), /^1\.[56]\d\d s: 1 of 2 nodes disagrees on 50 %/);
    assert.deepEqual(await brightness(), played);

    await map.focus();
    await page.keyboard.press('ArrowDown');
    const below = await statusWhen(page, ({ timeUs }) => Number(timeUs) > Number(there.timeUs));
    await page.keyboard.press('ArrowUp');
    assert.deepEqual(await statusWhen(page, ({ timeUs }) => Number(timeUs) < Number(below.timeUs)), there);
    await page.keyboard.press('End');
    await statusWhen(page, ({ timeUs, state }) => timeUs === '4000000' && state === 'ended');
  });
});

test('a node opens by mouse and by keyboard', async () => {
  await bench.withPage({}, async (page) => {
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
  await bench.withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
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
      await bench.withPage({ ...size, colorScheme }, async (page) => {
        await statusWhen(page, (status) => Number(status.timeUs) > 500_000);
        for (const [canvas, least] of [['.truth', 15], ['.views', 15], ['.divergence', 5]]) {
          const seen = await colours(page, `${canvas} canvas`);
          assert.ok(seen > least, `${canvas} in ${colorScheme}: ${seen} colours`);
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
  const outcome = JSON.parse(native(JSON.stringify(scenario), 'run', '--json').stdout);
  await bench.withPage({ hash: `${hashOf(scenario)}&speed=max` }, async (page) => {
    const end = await statusWhen(page, (status) => status.state === 'ended');
    assert.equal(end.fingerprint, outcome.replicas.r299.fingerprint);
    assert.equal(await page.locator('[data-node]').count(), 256);
    assert.equal(await page.locator('text=The first 256 of 300 nodes').count(), 1);
  });
});

/** What a scenario in a shared address or file comes to natively and in a page of its own. */
async function comesTo(text) {
  const run = native(text, 'run', '--json');
  assert.equal(run.stderr, '');
  const { replicas } = JSON.parse(run.stdout);
  const expected = Object.values(replicas).find(({ status }) => status === 'up').fingerprint;
  await bench.withPage({ hash: `#json=${encodeURIComponent(text)}&speed=max` }, async (page) => {
    const end = await statusWhen(page, ({ state }) => state === 'ended');
    assert.equal(end.fingerprint, expected);
  });
  return expected;
}

const CALM = {
  format: 1,
  title: 'calm',
  replicas: ['a', 'b', 'c'],
  network: { latency_ms: [10, 20] },
  steps: [{ at_ms: 100, on: 'a', do: 'increase', claim: ['a', 0, 99], by: 3 }],
  until: { max_ms: 60000 },
};

test('operations and faults by hand become a part of the run, which can be shared', async () => {
  let link;
  await bench.withPage({ hash: hashOf(CALM) }, async (page) => {
    await statusWhen(page, ({ converged, timeUs }) => converged === 'true' && timeUs > 1_000_000);
    // An operation, by the form and by the keyboard.
    await page.locator('[data-node=b]').click();
    await page.locator('#operation').selectOption('increase');
    await page.locator('#by').fill('5');
    await page.locator('#from').fill('0x100');
    await page.locator('#up-to').fill('511');
    await page.keyboard.press('Enter');
    await page.locator('.tables').getByText('b (5)').first().waitFor();
    // A crash, and a cut between the two that are left.
    await page.locator('#crash-node').click();
    await page.locator('.node-panel .condition', { hasText: 'crashed' }).waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#cut').click();
    await page.locator('[data-node=a]').click();
    await page.locator('#cut-now').click();
    await page.locator('[data-node=a]', { hasText: 'cut off' }).waitFor();
    await page.locator('#heal').click();
    await page.locator('#loss').focus();
    for (let times = 0; times < 10; times += 1) {
      await page.keyboard.press('ArrowUp');
    }
    await page.locator('.setting', { hasText: '10 %' }).waitFor();
    await page.locator('[data-node=b]').click();
    await page.locator('#restart-node').click();
    await page.locator('#share').click();
    await page.waitForFunction(() => document.querySelector('#link')?.value);
    link = await page.locator('#link').inputValue();
    assert.equal(await page.locator('#save').getAttribute('download'), 'scenario.json');
  });
  const text = sharedFile(link);
  const steps = JSON.parse(text).steps.map((step) => Object.keys(step).join(' '));
  for (const kind of ['crash', 'partition', 'heal', 'network', 'restart']) {
    assert.ok(steps.some((step) => step.includes(kind)), `${kind} in ${steps}`);
  }
  await comesTo(text);
});

test('what is done in the past begins another timeline, and the first stays', async () => {
  await bench.withPage({ hash: hashOf(CALM) }, async (page) => {
    await statusWhen(page, ({ timeUs }) => timeUs > 2_000_000);
    await page.keyboard.press('Space');
    const before = await status(page);
    await page.keyboard.press('Home');
    await statusWhen(page, ({ timeUs }) => timeUs < 1_000_000);
    assert.equal(await page.locator('#timeline').count(), 0);
    await page.locator('[data-node=c]').click();
    await page.locator('#do').click();
    await page.locator('#timeline').waitFor();
    await page.keyboard.press('Escape');
    await statusWhen(page, ({ timeUs }) => timeUs === '0' || timeUs < 2_000_000);
    await page.locator('.timeline input').fill('3000');
    const other = await statusWhen(page, ({ converged, timeUs }) => converged === 'true' && timeUs >= 3_000_000);
    assert.notEqual(other.fingerprint, before.fingerprint);
    await page.locator('#timeline').selectOption('0');
    await statusWhen(page, ({ fingerprint }) => fingerprint === before.fingerprint);
  });
});

test('what cannot be done says why, and the run goes on', async () => {
  await bench.withPage({ hash: hashOf(CALM) }, async (page) => {
    await page.locator('[data-node=a]').click();
    await page.locator('#from').fill('nine');
    await page.locator('#do').click();
    const message = page.locator('#error');
    await message.waitFor();
    const text = await message.textContent();
    assert.match(text, /cannot be done/);
    assert.match(text, /claim\[1\].*nine/);
    await page.locator('#from').fill('9');
    await page.locator('#up-to').fill('3');
    await page.locator('#do').click();
    await page.locator('#error', { hasText: 'past its end' }).waitFor();
    const { timeUs } = await status(page);
    await statusWhen(page, (later) => Number(later.timeUs) > Number(timeUs));
  });
});
