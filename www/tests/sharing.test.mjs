/** Addresses that hold a run, files to take along, and the page as a part of another. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { native, setSpeed, start, status, statusWhen } from './harness.mjs';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const FIRST_LIGHT = readFileSync(`${PROJECT}/src/sim/scenarios/first-light.json`, 'utf8');
const CALM = JSON.stringify({
  format: 1,
  title: 'Calm: ä/b',
  replicas: ['a', 'b', 'c'],
  network: { latency_ms: [10, 20] },
  steps: [{ at_ms: 100, on: 'a', do: 'increase', claim: ['a', 0, 2147483647], by: 3 }],
  until: { max_ms: 60000 },
});
const FILE_BYTES_MAX = 16 << 20;

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

function pack(text) {
  return deflateRawSync(text).toString('base64url');
}

function unpack(packed) {
  return inflateRawSync(Buffer.from(packed, 'base64url')).toString('utf8');
}

/** The fingerprint that the command line comes to. */
function fingerprint(text) {
  const { stdout, stderr } = native(text, 'run', '--json');
  assert.equal(stderr, '');
  return Object.values(JSON.parse(stdout).replicas).find(({ status }) => status === 'up').fingerprint;
}

/** The link of the share panel, once it is made. */
async function linkOf(page) {
  await page.waitForFunction(() => document.querySelector('#link')?.value);
  return page.locator('#link').inputValue();
}

/** A file that the page makes, as bytes, and its name. */
async function download(page, selector) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(selector).click()]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

test('a packed address ends as on the command line', async () => {
  for (const text of [FIRST_LIGHT, CALM]) {
    await bench.withPage({ hash: `#s=${pack(text)}&speed=max` }, async (page) => {
      const end = await statusWhen(page, ({ state }) => state === 'ended');
      assert.equal(end.fingerprint, fingerprint(text));
    });
  }
});

test('the link holds what was done by hand, and leads to the same', async () => {
  let link;
  await bench.withPage({ hash: `#s=${pack(CALM)}` }, async (page) => {
    await statusWhen(page, ({ timeUs }) => timeUs > 500_000);
    await page.locator('#share').click();
    const before = await linkOf(page);
    await page.locator('[data-node=b]').click();
    await page.locator('#crash-node').click();
    await page.waitForFunction((before) => {
      const { value } = document.querySelector('#link');
      return value && value !== before;
    }, before);
    link = await linkOf(page);
    assert.match(link, /#s=[\w-]+$/);
    assert.equal(await page.locator('#long-link').count(), 0);
    const { name, bytes } = await download(page, '#save');
    assert.equal(name, 'scenario.json');
    const packed = unpack(link.split('#s=')[1]);
    assert.deepEqual(JSON.parse(bytes), JSON.parse(packed));
    assert.ok(JSON.parse(packed).steps.some((step) => step.crash === 'b'));
  });
  const [, hash] = link.split('#');
  await bench.withPage({ hash: `#${hash}&speed=max` }, async (page) => {
    const end = await statusWhen(page, ({ state }) => state === 'ended');
    assert.equal(end.fingerprint, fingerprint(unpack(hash.slice(2))));
  });
});

test('a link can point at a moment and a node', async () => {
  let link;
  await bench.withPage({ hash: `#s=${pack(CALM)}` }, async (page) => {
    await page.locator('[data-node=c]').click();
    await statusWhen(page, ({ timeUs }) => timeUs > 300_000);
    await page.keyboard.press('.');
    const { timeUs } = await statusWhen(page, ({ state }) => state === 'paused');
    await page.locator('#share').click();
    await linkOf(page);
    await page.locator('#point-out').check();
    link = await linkOf(page);
    assert.ok(link.endsWith(`&at=${Math.floor(timeUs / 1000)}&node=c`), link);
  });
  const ms = Number(/at=(\d+)/.exec(link)[1]);
  await bench.withPage({ hash: `#${link.split('#')[1]}` }, async (page) => {
    const there = await statusWhen(page, ({ state }) => state === 'paused');
    assert.equal(Number(there.timeUs), ms * 1000);
    await page.locator('.node-panel h2', { hasText: 'c' }).waitFor();
    // Another address, in the same tab.
    await page.evaluate((hash) => { location.hash = hash; }, `#s=${pack(FIRST_LIGHT)}&at=0`);
    await page.locator('[data-node=n24]').waitFor();
    assert.equal((await statusWhen(page, ({ timeUs }) => timeUs === '0')).state, 'paused');
  });
});

test('a long link recommends the file', async () => {
  const steps = Array.from({ length: 400 }, (_, index) => ({
    at_ms: index, on: 'a', do: 'register', claim: ['a', (index * 7919 * 7919) % 1e9, 2e9 + index ** 3],
  }));
  const text = JSON.stringify({ ...JSON.parse(CALM), steps });
  await bench.withPage({ hash: `#s=${pack(text)}&at=0` }, async (page) => {
    await page.locator('#share').click();
    assert.ok((await linkOf(page)).length > 2048);
    await page.locator('#long-link').waitFor();
  });
});

test('a broken address says what is wrong, and the page stays usable', async () => {
  const good = pack(CALM);
  const bomb = pack(Buffer.alloc(8 * FILE_BYTES_MAX, ' '));
  for (const [hash, reason] of [
    ['#s=AA*A', /^s: character 3 is not base64url/],
    [`#s=${good.slice(0, 4 * Math.floor(good.length / 8))}`, /^s: the compressed data is broken or cut off$/],
    [`#s=${Buffer.from('no deflate').toString('base64url')}`, /^s: the compressed data is broken/],
    ['#s=', /^s: the compressed data is broken or cut off$/],
    [`#s=${pack(Buffer.from([0x7b, 0xff]))}`, /^s: byte 2 is not UTF-8$/],
    [`#s=${pack('{')}`, /line 1/],
    [`#s=${bomb}`, new RegExp(`^s: the scenario has more than ${FILE_BYTES_MAX} bytes$`)],
    [`#s=${good}&at=soon`, /^at: "soon"/],
    [`#s=${good}&node=z`, /^node: "z"/],
    [`#s=${good}&s=${good}`, /two scenarios/],
  ]) {
    await bench.withPage({ hash }, async (page) => {
      const shown = hash.slice(0, 40);
      assert.match(await page.locator('#error .reason').innerText(), reason, shown);
      await page.locator('#error button').click();
      await page.locator('#play').click();
      await statusWhen(page, ({ timeUs }) => timeUs > 0);
    });
  }
});

test('a picture shows all bands, in both sizes and themes', async () => {
  for (const colorScheme of ['light', 'dark']) {
    await bench.withPage({ hash: '#scenario=first-light&at=3000', colorScheme }, async (page) => {
      await statusWhen(page, ({ state }) => state === 'paused');
      await page.locator('#share').click();
      for (const [selector, scale] of [['#picture', 1], ['#picture-2x', 2]]) {
        const { name, bytes } = await download(page, selector);
        assert.match(name, /\.png$/);
        const parts = await page.evaluate(async (bytes) => {
          const data = Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0));
          const image = await createImageBitmap(new Blob([data], { type: 'image/png' }));
          const context = new OffscreenCanvas(image.width, image.height)
            .getContext('2d', { willReadFrequently: true });
          context.drawImage(image, 0, 0);
          // How many colours there are in each tenth of the height.
          const tenth = Math.floor(image.height / 10);
          const colours = Array.from({ length: 10 }, (_, part) => {
            const { data } = context.getImageData(0, part * tenth, image.width, tenth);
            return new Set(new Uint32Array(data.buffer)).size;
          });
          return { width: image.width, height: image.height, colours };
        }, bytes.toString('base64'));
        assert.equal(parts.width, 1200 * scale);
        assert.ok(parts.height > 600 * scale);
        parts.colours.forEach((count, part) => {
          assert.ok(count > 10, `${count} colours in tenth ${part}, ${colorScheme}`);
        });
      }
    });
  }
});

test('files for other programs', async () => {
  await bench.withPage({ hash: '#scenario=first-light&at=1000' }, async (page) => {
    await page.locator('#share').click();

    const metrics = await download(page, '#export-metrics');
    assert.match(metrics.name, /\.metrics\.csv$/);
    const [headings, ...rows] = metrics.bytes.toString().trimEnd().split('\n')
      .map((line) => line.split(','));
    assert.deepEqual(headings.slice(0, 3), ['at_ms', 'distinct', 'operations']);
    assert.ok(rows.length > 20 && rows.every((row) => row.length === headings.length));
    assert.equal(rows.at(-1)[1], '1');
    // What the page itself comes to.
    await setSpeed(page, 'max');
    await page.locator('#play').click();
    const end = await statusWhen(page, ({ state }) => state === 'ended');
    assert.equal(rows.at(-1)[0], String(Math.floor(end.timeUs / 1000)));

    const trace = await download(page, '#export-trace');
    assert.match(trace.name, /\.trace\.json$/);
    const events = JSON.parse(trace.bytes);
    const handled = events.filter(({ ph }) => ph === 'i');
    assert.equal(handled.at(-1).ts, Number(end.timeUs));
    assert.equal(handled.at(-1).args.fingerprint, end.fingerprint);

    const shiviz = await download(page, '#export-shiviz');
    assert.match(shiviz.name, /\.shiviz\.log$/);
    checkClocks(shiviz.bytes.toString());
  });
});

/** Reads a log as ShiViz does, and holds its clocks against what they mean. */
function checkClocks(log) {
  const [pattern, delimiter, ...lines] = log.split('\n');
  // What ShiViz reads a log by where nobody says otherwise, and no delimiter of several runs.
  assert.equal(pattern, String.raw`(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`);
  assert.equal(delimiter, '');
  const events = [...lines.join('\n').matchAll(new RegExp(pattern, 'gm'))]
    .map(({ groups: { event, host, clock } }) => ({ event, host, clock: JSON.parse(clock) }));
  assert.equal(events.length * 2, lines.length - 1);
  assert.ok(events.length > 1000);
  const known = new Map();
  for (const { event, host, clock } of events) {
    const own = known.get(host) ?? [];
    assert.ok(host.length > 0 && Object.values(clock).every((count) => Number.isInteger(count) && count > 0));
    assert.equal(clock[host], own.length + 1, event);
    known.set(host, [...own, clock]);
  }
  // Nobody knows of an event what that did not know itself.
  for (const { event, host, clock } of events) {
    for (const [other, count] of Object.entries(clock)) {
      if (other === host) continue;
      const cause = known.get(other)[count - 1];
      assert.ok(Object.entries(cause).every(([name, least]) => clock[name] >= least), event);
    }
  }
}

test('what takes long shows how far it is, and can be cancelled', async () => {
  const replicas = Array.from({ length: 100 }, (_, index) => `r${index}`);
  const text = JSON.stringify({
    format: 1,
    replicas,
    network: { interval_ms: 20 },
    steps: replicas.map((on, index) => (
      { at_ms: index * 50, on, do: 'register', claim: [on, index * 100, index * 100 + 150] })),
    until: { max_ms: 600000 },
  });
  await bench.withPage({ hash: `#s=${pack(text)}&at=0` }, async (page) => {
    await page.locator('#share').click();
    await page.locator('#export-shiviz').click();
    await page.locator('.exports .hint', { hasText: /\d\.\d{3} s written, \d+\.\d MB/ }).waitFor();
    assert.ok(await page.locator('#export-trace').isDisabled());
    await page.locator('#cancel-export').click();
    await page.locator('#cancel-export').waitFor({ state: 'detached' });
    assert.ok(await page.locator('#export-trace').isEnabled());
    assert.equal(await page.locator('#exports-notice').innerText(), '');
  });
});

test('the share panel fits a narrow screen', async () => {
  await bench.withPage({ hash: '#at=2000&node=n03', width: 360, height: 740, mobile: true }, async (page) => {
    await page.locator('#share').click();
    await linkOf(page);
    const overflow = await page.evaluate(() =>
      document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    for (const target of await page.locator('.share .plain').all()) {
      assert.ok((await target.boundingBox()).height >= 44, await target.innerText());
    }
  });
});

test('an embedded page shows as many controls as are asked for', async () => {
  const visible = (page, selectors) => Promise.all(
    selectors.map((selector) => page.locator(selector).isVisible()));
  const parts = ['#play', '.timeline', '#restart', '#speed', '.break-it', '#alone', '#share', '#status'];
  for (const [controls, expected] of [
    ['full', [true, true, true, true, true, true, false, true]],
    ['min', [true, true, false, false, false, true, false, true]],
    ['none', [false, false, false, false, false, true, false, true]],
  ]) {
    for (const width of [1280, 360]) {
      const hash = `?embed=1&controls=${controls}&autoplay=0#s=${pack(CALM)}`;
      await bench.withPage({ hash, width }, async (page) => {
        await page.locator('#status').waitFor();
        assert.deepEqual(await visible(page, parts), expected, controls);
        assert.equal((await status(page)).state, 'paused');
        const { height } = await page.locator('.top-bar').boundingBox();
        assert.ok(height < 45, `one line, not ${height} px at ${width}`);
        const alone = new URL(await page.locator('#alone').getAttribute('href'));
        assert.equal(alone.search, '');
        assert.equal(JSON.parse(decodeURIComponent(alone.hash).slice(6)).title, 'Calm: ä/b');
      });
    }
  }
  await bench.withPage({ hash: '?embed=1&controls=few' }, async (page) => {
    const message = await page.locator('#error').innerText();
    assert.match(message, /controls: "few" is not known; known: full, min, none/);
    assert.ok(await page.locator('#share').isVisible());
  });
});

/** Opens a page around two stages, the second of them far below, which keeps what they say. */
async function withHost(use) {
  const { page, problems } = await bench.openPage({ hash: '#at=0' });
  const frame = (id, query) =>
    `<iframe id="${id}" src="./?embed=1&${query}#s=${pack(CALM)}" width="800" height="500"></iframe>`;
  const url = `${bench.url}host.html`;
  await page.route(url, (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!doctype html><html lang="en"><title>host</title>
      <link rel="icon" href="data:,">
      <script>
        const said = { one: [], two: [] };
        addEventListener('message', ({ source, data, origin }) => {
          const frame = [...document.querySelectorAll('iframe')].find(({ contentWindow }) => contentWindow === source);
          if (frame) said[frame.id].push({ ...data, at: performance.now(), origin });
        });
        function say(id, message) { document.getElementById(id).contentWindow.postMessage(message, '*'); }
      </script>
      ${frame('one', 'controls=none&autoplay=0')}
      <div style="height: 4000px"></div>
      ${frame('two', 'controls=min')}</html>`,
  }));
  try {
    await page.goto(url);
    const host = {
      page,
      say: (id, message) => page.evaluate(([id, message]) => say(id, message), [id, message]),
      said: (id) => page.evaluate((id) => said[id], id),
      /** The first event, from number `from` on, that has these fields. */
      async hears(id, fields, from = 0) {
        await page.waitForFunction(
          ([id, fields, from]) => said[id].slice(from).some((event) =>
            Object.entries(fields).every(([name, value]) => event[name] === value)),
          [id, fields, from],
        );
        return (await host.said(id)).slice(from).find((event) =>
          Object.entries(fields).every(([name, value]) => event[name] === value));
      },
    };
    await use(host);
    // The page that the host takes the place of may still have been loading.
    assert.deepEqual(problems.filter((problem) => !problem.endsWith('net::ERR_ABORTED')), []);
  } finally {
    await page.context().close();
  }
}

test('the page around plays, seeks and loads, and hears what becomes of it', async () => {
  await withHost(async ({ say, said, hears }) => {
    const ready = await hears('one', { event: 'ready' });
    assert.equal((await said('one'))[0].event, 'ready');
    assert.equal(ready.scalesmall, 1);
    assert.deepEqual([ready.state, ready.time_us], ['paused', 0]);
    await hears('two', { event: 'ready' });

    await say('one', { scalesmall: 1, do: 'seek', at_ms: 2000 });
    const there = await hears('one', { event: 'status', time_us: 2_000_000 });
    assert.deepEqual([there.state, there.converged, there.distinct], ['paused', true, 1]);
    assert.match(there.fingerprint, /^[0-9a-f]{16}$/);

    await say('one', { scalesmall: 1, do: 'load', scenario: JSON.parse(FIRST_LIGHT) });
    await say('one', { scalesmall: 1, do: 'speed', value: 'max' });
    await say('one', { scalesmall: 1, do: 'play' });
    await hears('one', { event: 'converged' });
    const ended = await hears('one', { event: 'ended' });
    assert.equal(ended.fingerprint, fingerprint(FIRST_LIGHT));

    await say('one', { scalesmall: 1, do: 'restart' });
    await say('one', { scalesmall: 1, do: 'speed', value: '1/100' });
    await say('one', { scalesmall: 1, do: 'seek', at_ms: 500 });
    await say('one', { scalesmall: 1, do: 'play' });
    const before = (await said('one')).length;
    await say('one', { scalesmall: 1, do: 'pause' });
    await say('one', { scalesmall: 1, do: 'status' });
    await hears('one', { event: 'status', state: 'paused' }, before);
  });
});

test('what the page around says wrongly is answered by the field, and nothing else is heard', async () => {
  await withHost(async ({ page, say, said, hears }) => {
    await hears('one', { event: 'ready' });
    for (const [message, field] of [
      [{ scalesmall: 2, do: 'play' }, 'scalesmall'],
      [{ scalesmall: 1 }, 'do'],
      [{ scalesmall: 1, do: 'jump' }, 'do'],
      [{ scalesmall: 1, do: 'seek', at_ms: -5 }, 'at_ms'],
      [{ scalesmall: 1, do: 'speed', value: 7 }, 'value'],
      [{ scalesmall: 1, do: 'load', scenario: { format: 1, replicas: [] } }, 'scenario'],
      [{ scalesmall: 1, do: 'play', now: true }, 'now'],
    ]) {
      const before = (await said('one')).length;
      await say('one', message);
      const { message: reason } = await hears('one', { event: 'error' }, before);
      assert.ok(reason.startsWith(`${field}: `), reason);
    }
    const before = (await said('one')).length;
    for (const message of ['play', 7, null, [], { do: 'play' }]) await say('one', message);
    // Its sibling is not the page around.
    await page.frames().find((frame) => frame.url().includes('controls=min'))
      .evaluate(() => parent.document.querySelector('#one').contentWindow.postMessage({ scalesmall: 1, do: 'play' }, '*'));
    await say('one', { scalesmall: 1, do: 'status' });
    const answer = await hears('one', { event: 'status' }, before);
    assert.deepEqual([answer.state, answer.time_us], ['paused', 0]);
    assert.equal((await said('one')).length, before + 1);
  });
});

test('a stage plays while it can be seen, and tells no more than four times a second', async () => {
  await withHost(async ({ page, said, hears }) => {
    const { time_us: unseen } = await hears('two', { event: 'status', state: 'paused' });
    await page.locator('#two').scrollIntoViewIfNeeded();
    await hears('two', { state: 'running' });
    await page.waitForTimeout(1500);
    await page.evaluate(() => scrollTo(0, 0));
    const count = (await said('two')).length;
    await hears('two', { event: 'status', state: 'paused' }, count);
    const told = (await said('two')).filter(({ event }) => event === 'status');
    const last = told.at(-1);
    assert.ok(last.time_us > unseen + 500_000 && last.time_us < unseen + 5_000_000, String(last.time_us));
    const gaps = told.slice(1).map(({ at }, index) => at - told[index].at);
    assert.ok(gaps.every((gap) => gap > 200), gaps.join());
    await page.waitForTimeout(600);
    assert.equal((await said('two')).filter(({ event }) => event === 'status').at(-1).time_us, last.time_us);
  });
});
