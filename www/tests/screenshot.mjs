/**
 * Takes pictures of the built page, wide and narrow, light and dark:
 *
 *     node screenshot.mjs OUT_DIR [HASH] [--at SECONDS,SECONDS…]
 *
 * The seconds are wall time since the page was loaded.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { start, status } from './harness.mjs';

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844, mobile: true },
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { at: { type: 'string', default: '0.5,3,6,12' } },
});
const [outDir, hash = ''] = positionals;
const delays = values.at.split(',').map(Number).sort((a, b) => a - b);
if (!outDir || positionals.length > 2 || !delays.every((seconds) => seconds >= 0)) {
  console.error('usage: node screenshot.mjs OUT_DIR [HASH] [--at SECONDS,SECONDS…]');
  process.exit(2);
}

await mkdir(outDir, { recursive: true });
const bench = await start();
try {
  for (const size of SIZES) {
    for (const colorScheme of ['light', 'dark']) {
      await pictures({ ...size, colorScheme });
    }
  }
} finally {
  await bench.close();
}

/** Opens the page once and takes a picture after each delay. */
async function pictures(options) {
  const fragment = hash && !hash.startsWith('#') ? `#${hash}` : hash;
  const { page, problems } = await bench.openPage({ ...options, hash: fragment });
  const loaded = Date.now();
  for (const seconds of delays) {
    await sleep(Math.max(0, loaded + seconds * 1000 - Date.now()));
    const name = `${options.width}x${options.height}-${options.colorScheme}-${seconds}s.png`;
    await page.screenshot({ path: join(outDir, name) });
    console.log(name, JSON.stringify(await status(page)));
  }
  for (const problem of problems) {
    console.error(problem);
    process.exitCode = 1;
  }
  await page.context().close();
}
