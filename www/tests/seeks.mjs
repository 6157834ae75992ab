/**
 * Measures how long the built page takes to go to another moment of a run that has been played:
 *
 *     node seeks.mjs
 *
 * From the slider's event to the frame in which the stage shows that moment, at random places of a
 * minute, and as one draws the slider along. Figures are of this machine, in the middle of all else
 * that it does: only what was measured in one run can be compared.
 */
import { start, statusWhen } from './harness.mjs';

const RUN_MS = 60_000;
const SEEKS = 60;

/** A minute in which so many nodes write, one of them every so many milliseconds. */
function minute(nodes, everyMs) {
  const replicas = Array.from({ length: nodes }, (_, n) => `n${String(n + 1).padStart(2, '0')}`);
  const width = Math.floor(2 ** 32 / nodes);
  const steps = Array.from({ length: Math.floor(RUN_MS / everyMs) }, (_, n) => {
    const owner = (7 * n) % nodes;
    return {
      at_ms: everyMs * n, on: replicas[owner], do: 'increase', by: 1,
      claim: [replicas[owner], owner * width, (owner + 1) * width - 1],
    };
  });
  return { format: 1, replicas, network: { latency_ms: [20, 80] }, steps, until: { max_ms: RUN_MS } };
}

const bench = await start();
try {
  for (const everyMs of [1_000, 100]) await seeks(24, everyMs);
} finally {
  await bench.close();
}

async function seeks(nodes, everyMs) {
  const hash = `#json=${encodeURIComponent(JSON.stringify(minute(nodes, everyMs)))}&at=${RUN_MS}`;
  const { page } = await bench.openPage({ hash });
  await statusWhen(page, ({ timeUs }) => Number(timeUs) === RUN_MS * 1_000, 300_000);
  // In pseudo-random order, the same in each run; and from place to place near by.
  const random = Array.from({ length: SEEKS }, (_, n) => (n * 37_199 + 11_003) % RUN_MS);
  const drawn = Array.from({ length: SEEKS }, (_, n) => 50_000 - 250 * n);
  for (const [kind, places] of [['to random places', random], ['drawn back along', drawn]]) {
    const times = [];
    for (const place of places) times.push(await seek(page, place));
    times.sort((one, other) => one - other);
    const at = (part) => times[Math.floor((times.length - 1) * part)].toFixed(0);
    console.log(`${nodes} nodes, an operation every ${everyMs} ms, ${kind}: `
      + `median ${at(0.5)} ms, 9 of 10 within ${at(0.9)} ms, at most ${at(1)} ms`);
  }
  await page.context().close();
}

/** How long it takes until the stage shows a moment. */
function seek(page, atMs) {
  return page.evaluate((atMs) => new Promise((done) => {
    const status = document.querySelector('#status');
    const slider = document.querySelector('.timeline input');
    const from = performance.now();
    slider.value = atMs;
    slider.dispatchEvent(new InputEvent('input', { bubbles: true }));
    const look = () => {
      if (Number(status.dataset.timeUs) === atMs * 1_000) done(performance.now() - from);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  }), atMs);
}
