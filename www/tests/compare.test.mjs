/** Runs of one schedule under several settings, side by side. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { native, setSpeed, speed, start, status, statusWhen } from './harness.mjs';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FIRST_LIGHT = JSON.parse(readFileSync(`${PROJECT}/src/sim/scenarios/first-light.json`, 'utf8'));

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** What the command line makes of first light under a setting. */
function outcome(setting) {
  const [strategy, sync, antiEntropy] = setting.split('/');
  const network = {
    ...FIRST_LIGHT.network, strategy, sync, anti_entropy: antiEntropy !== 'no-anti-entropy',
  };
  return JSON.parse(native(JSON.stringify({ ...FIRST_LIGHT, network }), 'run', '--json').stdout);
}

/** The settings that are compared, and what their runs have come to. */
async function runs(page) {
  return page.locator('[data-setting]').evaluateAll((heads) =>
    heads.map((head) => ({ ...head.dataset })));
}

async function settings(page) {
  return (await runs(page)).map(({ setting }) => setting);
}

/** The first settings that are compared and are these. */
async function settingsWhen(page, wanted) {
  await page.waitForFunction((wanted) => {
    const heads = [...document.querySelectorAll('[data-setting]')];
    return heads.map((head) => head.dataset.setting).join() === wanted;
  }, wanted.join());
}

async function ended(page) {
  return statusWhen(page, ({ state }) => state === 'ended');
}

async function seek(page, ms) {
  await page.locator('.timeline input').fill(String(ms));
  // A run that has ended stays where it ended.
  return statusWhen(page, ({ state, timeUs }) => (
    state === 'ended' || (state === 'paused' && Number(timeUs) === ms * 1000)));
}

test('it opens by button, by key and by address, and leads back', async () => {
  await bench.withPage({}, async (page) => {
    const pair = ['push-pull/delta', 'tree/delta'];
    await statusWhen(page, ({ timeUs }) => Number(timeUs) > 300_000);
    await page.keyboard.press('Space');
    const stage = await statusWhen(page, ({ state }) => state === 'paused');

    await page.keyboard.press('c');
    await settingsWhen(page, pair);
    assert.match(page.url(), /#compare=push-pull\/delta,tree\/delta$/);
    assert.equal(await page.locator('[data-node]').count(), 0);
    await page.keyboard.press('Escape');
    await page.locator('[data-node]').first().waitFor();
    assert.deepEqual(await status(page), stage, 'the stage is as it was left');

    await page.locator('#compare').click();
    await settingsWhen(page, pair);
    assert.equal(await page.locator('#compare').getAttribute('aria-pressed'), 'true');
    await page.goBack();
    await page.locator('[data-node]').first().waitFor();
    assert.deepEqual(await status(page), stage);
    await page.goForward();
    await settingsWhen(page, pair);
    await page.locator('#to-stage').click();
    await page.locator('[data-node]').first().waitFor();
    assert.deepEqual(await status(page), stage);
  });
  await bench.withPage({ hash: '#scenario=add-wins&compare=pull/delta,push/operation' }, async (page) => {
    await settingsWhen(page, ['pull/delta', 'push/operation']);
    await page.keyboard.press('Escape');
    await page.locator('[data-node=n3]').waitFor();
    assert.equal(await page.locator('[data-node]').count(), 3);
  });
});

test('the figures are those of the command line, also after going back and forth', async () => {
  const compared = ['push-pull/delta', 'tree/delta', 'push/full-state', 'pull/delta/no-anti-entropy'];
  await bench.withPage({ hash: `#speed=max&compare=${compared.join()}` }, async (page) => {
    await ended(page);
    const last = await runs(page);
    for (const [index, setting] of compared.entries()) {
      const { converged, at_ms: atMs, metrics, replicas } = outcome(setting);
      const run = last[index];
      assert.equal(run.setting, setting);
      assert.equal(run.converged, String(converged));
      assert.equal(run.fingerprint, converged ? replicas.n01.fingerprint : run.fingerprint);
      assert.equal(Math.floor(Number(run.timeUs) / 1000), atMs);
      assert.deepEqual(
        [run.bytes, run.messages, run.repeated].map(Number),
        [metrics.bytes_sent, metrics.messages_sent, metrics.duplicates_received],
      );
      const after = run.agreedAfterUs && Math.floor(Number(run.agreedAfterUs) / 1000);
      assert.equal(after ?? null, metrics.converged_after_ms);
      const cells = await page.locator('.contest tbody tr').evaluateAll((rows, column) =>
        rows.map((row) => row.cells[column].firstElementChild.innerText), index + 1);
      assert.ok(
        cells.some((text) => text.replace(/\D/g, '') === run.bytes),
        `${run.bytes} in ${JSON.stringify(cells)}`,
      );
    }
    assert.equal(new Set(last.map(({ bytes }) => bytes)).size, 4);

    // Bold is the least of those who agree.
    const best = await page.locator('.contest tr', { hasText: 'Bytes sent' }).locator('td')
      .evaluateAll((cells) => cells.map((cell) => cell.querySelector('strong') !== null));
    const agreeing = last.filter(({ converged }) => converged === 'true');
    const least = Math.min(...agreeing.map(({ bytes }) => Number(bytes)));
    assert.deepEqual(best, last.map(({ bytes }) => Number(bytes) === least));

    // Back, from where it plays on, hardly; and to the end once more.
    await setSpeed(page, '1/100');
    await page.locator('.timeline input').fill('2500');
    await statusWhen(page, ({ state, timeUs }) => state === 'running' && Number(timeUs) < 3_000_000);
    await setSpeed(page, 'max');
    await ended(page);
    assert.deepEqual(await runs(page), last);
  });
});

test('runs stay in step, pause together and go back together', async () => {
  await bench.withPage({ hash: '#compare=push-pull/delta,tree/delta,push/delta' }, async (page) => {
    await statusWhen(page, ({ timeUs }) => Number(timeUs) > 500_000);
    await page.keyboard.press('Space');
    await statusWhen(page, ({ state }) => state === 'paused');
    await seek(page, 2500);
    const early = await runs(page);
    assert.deepEqual(early.map(({ timeUs }) => timeUs), ['2500000', '2500000', '2500000']);
    await seek(page, 6000);
    assert.notDeepEqual(await runs(page), early);
    await seek(page, 2500);
    assert.deepEqual(await runs(page), early);
    // Single steps.
    await page.keyboard.press('ArrowRight');
    const stepped = await statusWhen(page, ({ state, timeUs }) => (
      state === 'paused' && Number(timeUs) > 2_500_000));
    await page.keyboard.press('ArrowRight');
    await statusWhen(page, ({ state, timeUs }) => (
      state === 'paused' && Number(timeUs) > Number(stepped.timeUs)));
    await page.keyboard.press('ArrowLeft');
    await statusWhen(page, ({ timeUs }) => timeUs === stepped.timeUs);
    await page.locator('main').focus();
    await page.keyboard.press('+');
    assert.equal(await speed(page), '2 ×');
    // A click on a map goes to its moment.
    const map = page.locator('.pointed').first();
    const { width, height } = await map.boundingBox();
    await map.click({ position: { x: width / 2, y: height * 0.1 } });
    await statusWhen(page, ({ timeUs }) => Number(timeUs) < 2_500_000);
  });
});

test('two to four settings are compared, and they can be changed', async () => {
  await bench.withPage({ hash: '#speed=max&compare' }, async (page) => {
    await ended(page);
    const [first] = await runs(page);
    assert.equal(await page.locator('.contender .quiet').count(), 0, 'two are the least');
    await page.locator('#add-setting').click();
    await settingsWhen(page, ['push-pull/delta', 'tree/delta', 'push-pull/full-state']);
    await page.locator('#add-setting').click();
    await settingsWhen(page, ['push-pull/delta', 'tree/delta', 'push-pull/full-state', 'push/delta']);
    await ended(page);
    assert.ok(await page.locator('#add-setting').isDisabled());
    await page.getByText('4 settings at most').waitFor();
    assert.deepEqual((await runs(page))[0], first, 'who was there stays');
    assert.equal(await page.locator('.charts path[class^=series]').count(), 8);

    // Another one in the place of the second; those that are there cannot be chosen twice.
    const select = page.locator('.contender select').nth(1);
    assert.ok(await select.locator('option[value="push/delta"]').isDisabled());
    await select.selectOption('pull/operation');
    await settingsWhen(page, ['push-pull/delta', 'pull/operation', 'push-pull/full-state', 'push/delta']);
    assert.match(page.url(), /compare=push-pull\/delta,pull\/operation,/);
    await page.locator('.contender .quiet').nth(2).click();
    await settingsWhen(page, ['push-pull/delta', 'pull/operation', 'push/delta']);
    // To change them is no way to go back.
    await page.keyboard.press('Escape');
    await page.locator('[data-node]').first().waitFor();
    await page.goBack();
    await settingsWhen(page, ['push-pull/delta', 'pull/operation', 'push/delta']);
  });
});

test('settings that cannot be compared are refused by name', async () => {
  for (const [list, reason] of [
    ['tree/delta', /^compare: .*not 1/],
    ['push/delta,pull/delta,push-pull/delta,tree/delta,tree/full-state', /^compare: .*2 to 4.*not 5/],
    ['tree/delta,shrub/delta', /^compare: "shrub\/delta"/],
    ['tree/delta,push/delta/sometimes', /"push\/delta\/sometimes"/],
    ['tree/delta,tree/delta', /^compare: tree\/delta .*twice/],
  ]) {
    await bench.withPage({ hash: `#compare=${list}` }, async (page) => {
      await page.locator('#error .reason').waitFor();
      assert.match(await page.locator('#error .reason').innerText(), reason);
      assert.ok((await page.locator('[data-node]').count()) >= 24);
    });
  }
});

test('a run opens on the stage, and the comparison is one step back', async () => {
  const hash = '#speed=max&compare=push-pull/delta,tree/delta';
  await bench.withPage({ hash }, async (page) => {
    await ended(page);
    const [own, tree] = await runs(page);
    assert.notEqual(own.timeUs, tree.timeUs);
    await page.locator('[data-open="tree/delta"]').click();
    await page.locator('[data-node]').first().waitFor();
    await page.locator('.about', { hasText: 'tree deltas' }).waitFor();
    // It opens at the moment at which it was left.
    const least = Math.min(own.timeUs, tree.timeUs) - 1_000;
    await page.waitForFunction((us) => Number(document.querySelector('#status').dataset.timeUs) >= us, least);
    if (await page.locator('#status').getAttribute('data-state') === 'paused') {
      await page.keyboard.press('Space');
    }
    const end = await ended(page);
    assert.equal(end.timeUs, tree.timeUs);
    assert.equal(end.fingerprint, tree.fingerprint);

    await page.goBack();
    await settingsWhen(page, ['push-pull/delta', 'tree/delta']);
    await page.locator('[data-open="push-pull/delta"]').click();
    await page.locator('[data-node]').first().waitFor();
    assert.equal((await ended(page)).timeUs, own.timeUs);
  });
});

test('what was done by hand is part of the schedule', async () => {
  await bench.withPage({ hash: '#scenario=add-wins&speed=max' }, async (page) => {
    const before = await ended(page);
    await page.locator('[data-node=n2]').click();
    await page.locator('#from').fill('0x100');
    await page.locator('#up-to').fill('511');
    await page.keyboard.press('Enter');
    const stage = await statusWhen(page, ({ state, fingerprint }) => (
      state === 'ended' && fingerprint !== before.fingerprint));
    await page.keyboard.press('Escape');
    await page.keyboard.press('c');
    await settingsWhen(page, ['push-pull/delta', 'tree/delta']);
    await ended(page);
    const [own] = await runs(page);
    assert.equal(own.fingerprint, stage.fingerprint);
    assert.equal(own.timeUs, stage.timeUs);
    // So it is for whoever is given the address.
    const url = new URL(page.url());
    await bench.withPage({ hash: `${url.hash}&speed=max` }, async (other) => {
      await ended(other);
      assert.deepEqual((await runs(other))[0], own);
    });
    // And back on the stage all of it is there.
    await page.keyboard.press('Escape');
    await page.locator('[data-node=n2]').waitFor();
    assert.deepEqual(await status(page), stage);
  });
});

/** A scenario of the lessons, as a fragment of an address. */
function lesson(name) {
  const text = readFileSync(`${PROJECT}/src/sim/lessons/${name}.json`, 'utf8');
  return `#speed=max&json=${encodeURIComponent(text)}`;
}

/** What a run came to against what people meant: resurrected, vanished, split. */
const anomalies = ({ resurrected, vanished, split }) => [resurrected, vanished, split];

test('data types are compared on one schedule, and what they make of what people meant is counted', async () => {
  const types = ['aw-set', 'rw-set', 'lww-set', 'two-phase-set'];
  await bench.withPage({ hash: `${lesson('who-wins-add')}&compare=${types.join()}` }, async (page) => {
    const spreading = 'push-pull/delta';
    await settingsWhen(page, types.map((type) => `${spreading}/${type}`));
    await ended(page);
    assert.deepEqual((await runs(page)).map(anomalies), [
      ['0', '0', '0'], ['0', '2', '0'], ['0', '1', '0'], ['0', '2', '0'],
    ]);
    for (const run of await runs(page)) assert.ok(Number(run.kept) > 0);
    const row = page.locator('.contest tr', { hasText: 'Vanished' });
    assert.equal(await row.locator('.best').count(), 1);

    // Another one by the control, and one of them on the stage.
    await page.getByRole('combobox', { name: 'Setting D' }).selectOption(`${spreading}/grow-set`);
    await settingsWhen(page, ['aw-set', 'rw-set', 'lww-set', 'grow-set'].map((it) => `${spreading}/${it}`));
    await page.locator(`[data-open="${spreading}/rw-set"]`).click();
    await page.locator('[data-node=a]').waitFor();
    assert.match(decodeURIComponent(page.url()), /"type":\s*"rw-set"/);
  });
});

test('where messages move by steps alone data types are compared', async () => {
  await bench.withPage({ hash: `${lesson('order-matters')}&compare=ordered-list,aw-map` }, async (page) => {
    await settingsWhen(page, ['ordered-list', 'aw-map']);
    await ended(page);
    const [list, map] = await runs(page);
    assert.deepEqual([list.resurrected, list.vanished], [undefined, undefined], 'a list has no claims');
    assert.ok(Number(list.split) > 0);
    assert.equal(map.split, '0');
    // Ways to spread news are not to be chosen there.
    assert.equal(await page.locator('.contest optgroup').count(), 2);
    await page.keyboard.press('Escape');
    await page.locator('[data-node=x]').waitFor();
  });
  await bench.withPage({ hash: `${lesson('order-matters')}&compare=tree/delta,aw-map` }, async (page) => {
    await page.getByText('messages move by its steps alone').waitFor();
  });
});

test('it is drawn in both themes, fits narrow screens and says the same in a table', async () => {
  const compared = 'push-pull/delta,tree/delta,push/full-state,pull/delta';
  for (const colorScheme of ['light', 'dark']) {
    for (const size of [{ width: 1280, height: 800 }, { width: 360, height: 740, mobile: true }]) {
      await bench.withPage({ ...size, colorScheme, hash: `#speed=max&compare=${compared}` }, async (page) => {
        await ended(page);
        const colours = await page.locator('.map canvas').evaluateAll((canvases) =>
          canvases.map((canvas) => {
            const copy = new OffscreenCanvas(canvas.width, canvas.height)
              .getContext('2d', { willReadFrequently: true });
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.buffer)).size;
          }));
        assert.equal(colours.length, 4);
        assert.ok(colours.every((count) => count > 5), `${colorScheme}: ${colours}`);
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, `${size.width} wide`);
        await page.locator('.moments summary').click();
        const rows = await page.locator('#moments-table tbody tr').evaluateAll((rows) =>
          rows.map((row) => [...row.cells].map((cell) => cell.innerText)));
        assert.equal(rows[0].length, 9);
        assert.deepEqual(rows[0].slice(1), ['0', '0', '0', '0', '1', '1', '1', '1']);
        const bytes = rows.slice(1).map((row) => Number(row[1].replace(/\D/g, '')));
        assert.ok(bytes.length >= 2 && bytes.every((value, index) => value > (bytes[index - 1] ?? 0)));
      });
    }
  }
});

test('many nodes and four settings are slow and honest about it', async () => {
  const replicas = Array.from({ length: 256 }, (_, index) => `r${index}`);
  const scenario = {
    format: 1,
    replicas,
    steps: replicas.slice(0, 40).map((on, index) => (
      { at_ms: index * 5, on, do: 'register', claim: [on, index * 9_999_999, index * 9_999_999 + 20_000_000] })),
    until: { max_ms: 60_000 },
  };
  const compared = 'push-pull/delta,tree/delta,push/delta,pull/delta';
  const hash = `#json=${encodeURIComponent(JSON.stringify(scenario))}&speed=100&compare=${compared}`;
  await bench.withPage({ hash }, async (page) => {
    await statusWhen(page, ({ timeUs }) => Number(timeUs) > 100_000);
    await page.locator('.clock', { hasText: 'too heavy for' }).waitFor();
    const times = (await runs(page)).map(({ timeUs }) => timeUs);
    assert.equal(new Set(times).size, 1, `${times}`);
    await page.keyboard.press('Space');
    await statusWhen(page, ({ state }) => state === 'paused');
  });
});
