/**
 * Rooms of real peers for tests: tabs of one browser over WebRTC.
 *
 * ```js
 * const rooms = new Rooms(bench, 'mine');
 * await rooms.with(2, async ({ tabs }) => { await agreed(tabs); });
 * ```
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** For how long a room may take to agree. */
const AGREE_MS = 30_000;

/** What a page in a room says of it. */
export const status = (page) => page.evaluate(() => ({
  ...document.querySelector('#status')?.dataset,
  connected: Number(document.querySelector('#peers')?.dataset.connected),
  nodes: [...document.querySelectorAll('[data-node]')].map((node) => node.dataset.node),
}));

export class Rooms {
  #bench;
  #name;
  #count = 0;

  /** Rooms in a browser; the name keeps them apart from those of other tests. */
  constructor(bench, name) {
    this.#bench = bench;
    this.#name = name;
  }

  /** Tabs of one browser in a new room, which have nothing to complain of. */
  async with(count, use, { hash = '', first = undefined } = {}) {
    this.#count += 1;
    const address = `#room=${this.#name}${this.#count}&secret=hush${hash}`;
    const { page, problems } = await this.#bench.openPage({ hash: address, first });
    const all = [problems];
    const room = {
      tabs: [page],
      address,
      open: async (other = address) => {
        const { page: tab, problems: its } = await this.#bench.openPage({ hash: other, beside: page, first });
        all.push(its);
        room.tabs.push(tab);
        return tab;
      },
    };
    try {
      for (let tab = 1; tab < count; tab += 1) await room.open();
      await use(room);
      assert.deepEqual(all.flat(), []);
    } finally {
      await page.context().close();
    }
  }
}

/** Waits until all tabs say that all agree, each connected to `connected` others. */
export async function agreed(tabs, connected = tabs.length - 1, limitMs = AGREE_MS) {
  const until = Date.now() + limitMs;
  for (;;) {
    const all = await Promise.all(tabs.map(status));
    const [{ fingerprint }] = all;
    if (fingerprint && all.every((one) => one.converged === 'true' && one.fingerprint === fingerprint
      && one.connected === connected)) return all;
    assert.ok(Date.now() < until, JSON.stringify(all));
    await sleep(100);
  }
}

/** Opens the panel of a node that is hosted in a tab, lets `use` act, and closes it. */
export async function withOwnNode(tab, use) {
  const node = tab.locator('[data-node]');
  for (let index = 0; index < await node.count(); index += 1) {
    await node.nth(index).press('Enter');
    if (await tab.locator('#do').count()) break;
    await node.nth(index).press('Enter');
  }
  await use();
  await tab.locator('.node-panel header .quiet').click();
}

/** Lets the first node that is hosted in a tab register the keys that the form offers. */
export const register = (tab) => withOwnNode(tab, () => tab.locator('#do').click());
