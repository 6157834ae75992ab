/**
 * Measures what frames of the built page cost, and what it holds in memory:
 *
 *     node frames.mjs [--minutes N]
 *
 * For each stage: the time until its first picture, the script's share of a frame, frames a second,
 * and, with minutes, the heap over so long a time of play. Figures are of this machine, in the
 * middle of all else that it does: only what was measured in one run can be compared.
 */
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import { start, statusWhen } from './harness.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '0' } } });
const minutes = Number(values.minutes);

/** A run of so many nodes that divide the keys into so many segments, and then keep writing. */
function stage(nodes, segments) {
  const replicas = Array.from({ length: nodes }, (_, n) => `n${String(n + 1).padStart(3, '0')}`);
  const width = Math.floor(2 ** 32 / segments);
  const start = Array.from({ length: segments }, (_, n) => ({
    on: replicas[n % nodes], do: 'increase', by: 1 + (n % 9),
    claim: [replicas[n % nodes], n * width, (n + 1) * width - 1],
  }));
  const steps = Array.from({ length: 600 }, (_, n) => ({
    at_ms: 50 * n, on: replicas[(7 * n) % nodes], do: 'increase', by: 1,
    claim: [replicas[(7 * n) % nodes], ((7 * n) % nodes) * width, ((7 * n) % nodes + 1) * width - 1],
  }));
  return {
    format: 1, title: `${nodes} nodes, ${segments} segments`, replicas,
    network: { latency_ms: [20, 80] }, start, steps, until: { max_ms: 3_600_000 },
  };
}

const bench = await start();
try {
  await firstPicture();
  for (const [nodes, segments] of [[24, 200], [64, 2000], [256, 512]]) await frames(nodes, segments);
  if (minutes > 0) await heap();
} finally {
  await bench.close();
}

/** From the navigation to the first strip with colours in it. */
async function firstPicture() {
  const times = [];
  for (let take = 0; take < 5; take += 1) {
    const { page } = await bench.openPage();
    await page.locator('[data-node]').first().waitFor();
    times.push(await page.evaluate(async () => {
      const canvas = document.querySelector('.views canvas');
      while (!canvas.width) await new Promise(requestAnimationFrame);
      return performance.getEntriesByType('paint').find(({ name }) => name === 'first-contentful-paint')
        ?.startTime ?? performance.now();
    }));
    await page.context().close();
  }
  console.log(`first picture: ${median(times).toFixed(0)} ms (median of ${times.length})`);
}

async function frames(nodes, segments) {
  const hash = `#json=${encodeURIComponent(JSON.stringify(stage(nodes, segments)))}`;
  const { page } = await bench.openPage({ hash });
  await statusWhen(page, ({ timeUs }) => Number(timeUs) > 2_000_000);
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable');
  const script = async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ScriptDuration').value * 1_000;
  };
  const parts = [];
  let count = 0;
  const began = Date.now();
  for (let part = 0; part < 20; part += 1) {
    const before = await script();
    const passed = await page.evaluate(() => new Promise((done) => {
      let frames = 0;
      const from = performance.now();
      const next = () => {
        frames += 1;
        if (performance.now() - from > 500) done(frames); else requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    }));
    parts.push((await script() - before) / passed);
    count += passed;
  }
  const rate = count * 1_000 / (Date.now() - began);
  console.log(`${nodes} nodes, ${segments} segments: ${median(parts).toFixed(1)} ms of script a frame `
    + `(median of ${parts.length} half seconds), ${rate.toFixed(0)} frames a second`);
  await page.context().close();
}

/** In the page: keeps the memory of WebAssembly where it can be measured. */
function keepMemory() {
  const { instantiateStreaming } = WebAssembly;
  WebAssembly.instantiateStreaming = async (...source) => {
    const made = await instantiateStreaming(...source);
    globalThis.memory = made.instance.exports.memory;
    return made;
  };
}

async function heap() {
  const { page } = await bench.openPage({ hash: '#speed=1', first: keepMemory });
  const client = await page.context().newCDPSession(page);
  for (let minute = 0; minute <= minutes; minute += 1) {
    await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    const linear = await page.evaluate(() => globalThis.memory.buffer.byteLength);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    console.log(`after ${minute} min: ${(usedSize / 1e6).toFixed(1)} MB of JavaScript heap, `
      + `${(linear / 1e6).toFixed(1)} MB of WebAssembly memory, ${nodes} elements`);
    if (minute === minutes) break;
    // From the end it plays again.
    for (let part = 0; part < 6; part += 1) {
      await sleep(10_000);
      if (await page.locator('#status').getAttribute('data-state') === 'ended') await page.keyboard.press('Space');
    }
  }
  await page.context().close();
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
}
