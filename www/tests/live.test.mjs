/** Rooms of real peers: tabs of one browser over WebRTC, as they come, go, crash and are cut. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { start } from './harness.mjs';
import { Rooms, agreed, register, status } from './rooms.mjs';

let bench;
let rooms;
before(async () => {
  bench = await start();
  rooms = new Rooms(bench, 'live');
});
after(async () => { await bench?.close(); });

/** Tabs of one browser in a new room. */
const withRoom = (count, use, options) => rooms.with(count, use, options);

for (const count of [2, 3, 8]) {
  test(`${count} tabs find each other and agree`, { timeout: 120_000 }, () => withRoom(count, async ({ tabs }) => {
    await agreed(tabs);
    await register(tabs[0]);
    await register(tabs.at(-1));
    const all = await agreed(tabs);
    assert.ok(all.every(({ nodes }) => nodes.length === 3 * count), JSON.stringify(all));
    assert.notEqual(all[0].fingerprint, '0'.repeat(16));
    assert.match(await tabs[0].locator('#neighbours').innerText(), /WebRTC/);
  }));
}

test('tabs that are closed, loaded anew, crash and come leave no harm', { timeout: 120_000 }, () =>
  withRoom(3, async (room) => {
    const [one, two, three] = room.tabs;
    await agreed(room.tabs);
    await register(one);
    await agreed(room.tabs);
    await two.close();
    await agreed([one, three]);
    await one.reload();
    await agreed([one, three]);
    await register(one);
    await agreed([one, three]);
    const client = await three.context().newCDPSession(three);
    client.send('Page.crash').catch(() => {});
    const four = await room.open();
    const [{ fingerprint }] = await agreed([one, four]);
    assert.notEqual(fingerprint, '0'.repeat(16));
  }));

test('a link that is cut carries no news until it is healed', { timeout: 90_000 }, () =>
  withRoom(2, async ({ tabs: [one, two] }) => {
    await agreed([one, two]);
    await one.locator('#neighbours button').first().click();
    await register(one);
    await sleep(3_000);
    const apart = await Promise.all([one, two].map(status));
    assert.deepEqual(apart.map(({ converged, connected }) => [converged, connected]), [['false', 1], ['false', 1]]);
    await one.locator('#neighbours button').first().click();
    await agreed([one, two]);
  }));

test('who does not know the secret is turned away, and named', { timeout: 90_000 }, () =>
  withRoom(2, async (room) => {
    const [one, two] = room.tabs;
    await agreed([one, two]);
    await register(one);
    const stranger = await room.open(room.address.replace('hush', 'guess'));
    await one.locator('#turned-away').waitFor();
    assert.match(await one.locator('#turned-away').innerText(), /does not know the room's secret/);
    const { fingerprint } = (await agreed([one, two]))[0];
    await sleep(2_000);
    assert.notEqual((await status(stranger)).fingerprint, fingerprint);
    assert.equal((await status(stranger)).connected, 0);
  }));

test('several peers in one page, and a page of one node', { timeout: 90_000 }, () =>
  withRoom(1, async ({ tabs: [page] }) => {
    await agreed([page], 0);
    await page.locator('#add-peer').click();
    await page.locator('#add-peer').click();
    const [{ nodes }] = await agreed([page], 2);
    assert.equal(nodes.length, 3);
  }, { hash: '&nodes=1' }));

test('without a network the browser itself is the link, and the page says so', { timeout: 90_000 }, () =>
  withRoom(2, async ({ tabs }) => {
    await agreed(tabs);
    await register(tabs[1]);
    await agreed(tabs);
    assert.match(await tabs[0].locator('#neighbours').innerText(), /without a network/);
  }, {
    // As on a machine without a network: no candidate is ever heard of.
    first: () => {
      const { setRemoteDescription } = RTCPeerConnection.prototype;
      RTCPeerConnection.prototype.addIceCandidate = () => Promise.resolve();
      RTCPeerConnection.prototype.setRemoteDescription = function bare({ type, sdp }) {
        const bared = sdp.replace(/^a=candidate.*\r\n/gm, '');
        return setRemoteDescription.call(this, { type, sdp: bared });
      };
    },
  }));

test('an address that names no room says what is wrong, and the stage leads to a room', { timeout: 60_000 }, async () => {
  // A page that is left while its icon is on its way.
  const isIcon = (problem) => /icon\.svg: net::ERR_ABORTED$/.test(problem);
  const wrong = await bench.openPage({ hash: '#room=a&nodes=99' });
  try {
    const { page } = wrong;
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').innerText(), /nodes: "99"/);
    assert.equal(await page.locator('#status, #another, canvas').count(), 0, 'nothing looks as if there were a room');
    await page.locator('main a').click();
    await page.locator('#status[data-time-us]').waitFor();
    assert.deepEqual(wrong.problems.filter((problem) => !isIcon(problem)), []);
  } finally {
    await wrong.page.context().close();
  }
  const { page, problems } = await bench.openPage();
  try {
    await page.locator('#live').click();
    await page.locator('#another').waitFor();
    assert.match(page.url(), /#room=[a-z]{5}&secret=[0-9a-f]{32}$/);
    await agreed([page], 0);
    await page.locator('#stage').click();
    await page.locator('#live').waitFor();
    assert.deepEqual(problems.filter((problem) => !isIcon(problem)), []);
  } finally {
    await page.context().close();
  }
});
