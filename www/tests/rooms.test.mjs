/** What befalls tabs in a room: they are loaded anew, duplicated, put to sleep, cut off from each other. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { sharedFile, start } from './harness.mjs';
import { Rooms, agreed, register, status } from './rooms.mjs';

let bench;
let rooms;
before(async () => {
  bench = await start();
  rooms = new Rooms(bench, 'befallen');
});
after(async () => { await bench?.close(); });

/** The first of a page's nodes: its own come first. */
const ownName = async (tab) => (await status(tab)).nodes[0];

/** As which incarnation the nodes of a page's recording begin, by name. */
async function incarnations(tab) {
  const opens = tab.context().waitForEvent('page');
  await tab.locator('#replay').click();
  const stage = await opens;
  await stage.waitForLoadState();
  const { replicas, incarnations: all } = JSON.parse(sharedFile(stage.url()));
  await stage.close();
  return Object.fromEntries(replicas.map((name, index) => [name, all[index]]));
}

test('a page that is loaded anew has the same names and claims, as later replicas', { timeout: 120_000 }, () =>
  rooms.with(2, async ({ tabs: [one, two] }) => {
    await agreed([one, two]);
    const name = await ownName(one);
    await register(one);
    await agreed([one, two]);
    const before = await incarnations(one);
    await one.reload();
    const [{ nodes }] = await agreed([one, two]);
    assert.equal(nodes[0], name);
    assert.equal(nodes.length, 6);
    await register(one);
    await agreed([one, two]);
    const afterwards = await incarnations(one);
    assert.ok(afterwards[name] > before[name], JSON.stringify([before, afterwards]));
  }));

test('a page that is alone and loaded anew has its claims again', { timeout: 90_000 }, () =>
  rooms.with(1, async ({ tabs: [page] }) => {
    await agreed([page]);
    await register(page);
    const owner = await ownName(page);
    const [{ fingerprint }] = await agreed([page]);
    assert.notEqual(fingerprint, '0'.repeat(16));
    await page.reload();
    await page.getByRole('cell', { name: `${owner} (0)` }).waitFor();
  }));

test('a duplicate of a page has other names', { timeout: 90_000 }, () =>
  rooms.with(1, async ({ tabs: [page] }) => {
    await agreed([page]);
    const opens = page.context().waitForEvent('page');
    // A window that a page opens begins with a copy of what the page remembers.
    await page.evaluate(() => { window.open(window.location.href); });
    const duplicate = await opens;
    const [{ nodes }] = await agreed([page, duplicate]);
    assert.equal(new Set(nodes).size, 6, nodes.join());
    const names = [await ownName(page), await ownName(duplicate)];
    assert.notEqual(...names);
    // Each keeps its own.
    await duplicate.reload();
    await agreed([page, duplicate]);
    assert.deepEqual([await ownName(page), await ownName(duplicate)], names);
  }));

test('a tab that is frozen for a while takes part again', { timeout: 120_000 }, () =>
  rooms.with(2, async ({ tabs: [one, two] }) => {
    await agreed([one, two]);
    const client = await two.context().newCDPSession(two);
    await client.send('Page.setWebLifecycleState', { state: 'frozen' });
    await register(one);
    await sleep(8_000);
    await client.send('Page.setWebLifecycleState', { state: 'active' });
    await register(two);
    const [{ fingerprint }] = await agreed([one, two], 1, 60_000);
    assert.notEqual(fingerprint, '0'.repeat(16));
  }));

test('who joins in the middle of a partition is part of the whole when it is healed', { timeout: 150_000 }, () =>
  rooms.with(3, async (room) => {
    const [one, two, three] = room.tabs;
    await agreed(room.tabs);
    // One page cuts off both others, which stay together.
    const boxes = one.locator('#neighbours input[type=checkbox]');
    assert.equal(await boxes.count(), 2);
    assert.ok(await one.locator('#cut-off').isDisabled());
    for (const index of [0, 1]) await boxes.nth(index).check();
    await one.locator('#cut-off').press('Enter');
    await one.locator('#neighbours button[aria-pressed=true]').nth(1).waitFor();
    await register(one);
    await register(two);
    const apart = await status(one);
    const four = await room.open();
    // It comes to one side or the other, and may join what it is linked with.
    await sleep(6_000);
    assert.equal((await status(one)).connected, 3);
    assert.notEqual(apart.nodes.length, 0);
    await register(three);
    await one.locator('#heal-all').click();
    const [{ nodes }] = await agreed(room.tabs, 3, 60_000);
    assert.equal(nodes.length, 12);
    await register(four);
    await agreed(room.tabs, 3, 60_000);
  }));
