/** Links between tabs of a real browser: how they come about, carry messages, and end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startLinks } from './links.mjs';

/** How soon the end of a tab is noticed. */
const NOTICED_MS = 2_000;
/** How soon tabs are linked, and whatever else there is to wait for. */
const EVENTUALLY_MS = 20_000;

let world;
before(async () => {
  world = await startLinks();
});
after(() => world?.close());

let rooms = 0;

/** Opens so many tabs of one browser, each with a peer in a room of their own. */
async function withTabs(count, use, options = {}) {
  rooms += 1;
  const room = `room ${rooms}`;
  const tabs = [];
  try {
    for (let n = 0; n < count; n += 1) tabs.push(await openTab(room, tabs[0], options));
    await use(tabs, room);
    for (const { problems } of tabs) assert.deepEqual(problems, []);
  } finally {
    await tabs[0]?.page.context().close();
  }
}

/** A tab with a peer in the room, beside another tab. */
async function openTab(room, beside, options = {}) {
  const { page, problems } = await world.bench.openPage({ beside: beside?.page, ...options });
  const tab = { page, problems, name: undefined };
  await rejoin(tab, room);
  return tab;
}

/** Has a tab that was loaded join the room. */
async function rejoin(tab, room) {
  await tab.page.waitForFunction(() => window.join);
  tab.name = await tab.page.evaluate((room) => window.join(room), room);
}

/** The names of the other tabs' peers, in order. */
const others = (tabs, tab) => tabs.filter((other) => other !== tab).map(({ name }) => name).sort();

/** Waits until each tab has a link to exactly all others. */
async function meshed(tabs, limitMs = EVENTUALLY_MS) {
  await Promise.all(tabs.map((tab) => linkedWith(tab, others(tabs, tab), limitMs)));
}

async function linkedWith(tab, names, timeout = EVENTUALLY_MS) {
  const isSo = (names) => JSON.stringify([...window.peers[0].open.keys()].sort()) === names;
  try {
    await tab.page.waitForFunction(isSo, JSON.stringify(names), { timeout, polling: 20 });
  } catch (error) {
    throw new Error(`${JSON.stringify(await eventsOf(tab))}: ${error.message}`);
  }
}

const eventsOf = ({ page }) => page.evaluate(() => window.peers[0].events);
const of = (events, kind) => events.filter((event) => event.kind === kind);

/** Has one tab send, and another say what it gets. */
async function sends(from, to, text, isReliable) {
  const message = [to.name, [...Buffer.from(text)], isReliable];
  await from.page.evaluate((message) => window.peers[0].send(...message), message);
  await to.page.waitForFunction(() => window.peers[0].messages.length > 0, null, { polling: 20 });
  const { peer, isReliable: cameReliably, bytes } = await to.page.evaluate(() => {
    const { bytes, ...message } = window.peers[0].messages.shift();
    return { ...message, bytes: Array.from(bytes) };
  });
  const got = { peer, isReliable: cameReliably, text: Buffer.from(bytes).toString() };
  assert.deepEqual(got, { peer: from.name, isReliable, text });
}

for (const count of [2, 3, 8]) {
  test(`${count} tabs are all linked, and messages get through by both lanes`, async () => {
    await withTabs(count, async (tabs) => {
      await meshed(tabs);
      for (const tab of tabs) {
        const opened = of(await eventsOf(tab), 'opened');
        assert.deepEqual(opened.map(({ path }) => path), Array(count - 1).fill('Host'));
        assert.equal(new Set(opened.map(({ binding }) => binding)).size, count - 1);
      }
      for (const to of tabs.slice(1)) {
        await sends(tabs[0], to, 'reliably', true);
        await sends(to, tabs[0], 'or not', false);
      }
    });
  });
}

test('a tab that is closed is noticed at once', async () => {
  await withTabs(3, async (tabs) => {
    await meshed(tabs);
    const [gone] = tabs.splice(1, 1);
    await gone.page.close({ runBeforeUnload: false });
    await meshed(tabs, NOTICED_MS);
    for (const tab of tabs) {
      const events = await eventsOf(tab);
      assert.deepEqual(of(events, 'closed').map(({ peer }) => peer), [gone.name]);
      assert.deepEqual(of(events, 'gone').map(({ peer }) => peer), [gone.name]);
    }
  });
});

test('a tab that is loaded anew is another peer, and is linked again', async () => {
  await withTabs(3, async (tabs, room) => {
    await meshed(tabs);
    const before = tabs[0].name;
    await tabs[0].page.reload();
    await meshed(tabs.slice(1), NOTICED_MS);
    await rejoin(tabs[0], room);
    assert.notEqual(tabs[0].name, before);
    await meshed(tabs);
    await sends(tabs[0], tabs[2], 'back', true);
  });
});

test('a tab that crashes is noticed at once', async () => {
  await withTabs(3, async (tabs) => {
    await meshed(tabs);
    const [dead] = tabs.splice(1, 1);
    const session = await dead.page.context().newCDPSession(dead.page);
    const crashed = new Promise((resolve) => {
      dead.page.once('crash', resolve);
    });
    // It is not there to answer.
    session.send('Page.crash').catch(() => {});
    await crashed;
    await meshed(tabs, NOTICED_MS);
    for (const tab of tabs) {
      const [closed] = of(await eventsOf(tab), 'closed');
      assert.deepEqual([closed.peer, closed.why], [dead.name, 'Died']);
    }
  });
});

test('a page that is put to sleep leaves, and is back when it wakes', async () => {
  await withTabs(3, async (tabs) => {
    await meshed(tabs);
    const fire = (type) =>
      tabs[0].page.evaluate((type) => {
        window.dispatchEvent(new PageTransitionEvent(type, { persisted: true }));
      }, type);
    await fire('pagehide');
    await meshed(tabs.slice(1), NOTICED_MS);
    await linkedWith(tabs[0], [], NOTICED_MS);
    const closed = of(await eventsOf(tabs[0]), 'closed');
    assert.deepEqual(closed.map(({ why }) => why), ['Asleep', 'Asleep']);
    await fire('pageshow');
    await meshed(tabs);
    assert.equal(of(await eventsOf(tabs[0]), 'woken').length, 1);
    await sends(tabs[0], tabs[1], 'awake', true);
  });
});

test('a tab that has missed everything is found in the end', async () => {
  await withTabs(2, async (tabs, room) => {
    await meshed(tabs);
    await tabs[0].page.evaluate(() => {
      window.isDeaf = true;
    });
    tabs.push(await openTab(room, tabs[0]));
    await linkedWith(tabs[2], [tabs[1].name]);
    await sleep(500);
    await linkedWith(tabs[0], [tabs[1].name]);
    await tabs[0].page.evaluate(() => {
      window.isDeaf = false;
    });
    await meshed(tabs);
  }, { first: makeDeaf });
});

test('a link that breaks is made anew, whichever end has offered it', async () => {
  await withTabs(2, async (tabs) => {
    await meshed(tabs);
    for (const [tab, other] of [tabs, tabs.toReversed()]) {
      const { length } = await eventsOf(other);
      // Not by any wish of the peer.
      await tab.page.evaluate(() => window.connections.at(-1).close());
      const isNew = (length) => {
        const { events } = window.peers[0];
        return events.length > length && events.at(-1).kind === 'opened';
      };
      await other.page.waitForFunction(isNew, length, { polling: 20, timeout: EVENTUALLY_MS });
      await meshed(tabs);
      await sends(tab, other, 'again', true);
      const kinds = (await eventsOf(other)).slice(length).map(({ kind }) => kind);
      assert.deepEqual(kinds, ['closed', 'opened']);
    }
  }, { first: recordConnections });
});

test('peers in one page are linked like tabs', async () => {
  await withTabs(2, async (tabs, room) => {
    await meshed(tabs);
    const second = await tabs[0].page.evaluate((room) => window.join(room), room);
    const names = [tabs[1].name, second].sort();
    await linkedWith(tabs[0], names);
    await linkedWith(tabs[1], [tabs[0].name, second].sort());
    const echo = await tabs[0].page.evaluate(async (second) => {
      const [one, two] = window.peers;
      one.send(second, [1, 2, 3]);
      while (two.messages.length === 0) await new Promise((done) => setTimeout(done, 10));
      const [{ peer, bytes }] = two.messages;
      return { isRight: peer === one.name, bytes: Array.from(bytes) };
    }, second);
    assert.deepEqual(echo, { isRight: true, bytes: [1, 2, 3] });
  });
});

test('both ends of a connection have the same binding, and no other has it', async () => {
  await withTabs(3, async (tabs) => {
    await meshed(tabs);
    const all = await Promise.all(tabs.map(eventsOf));
    const bindings = new Map();
    for (const { binding } of all.flatMap((events) => of(events, 'opened'))) {
      assert.equal(binding.split(' ').length, 64);
      bindings.set(binding, (bindings.get(binding) ?? 0) + 1);
    }
    assert.deepEqual([...bindings.values()], [2, 2, 2]);
  });
});

for (const [what, first, limitMs] of [
  ['no way to be reached', hideCandidates, 5_000],
  ['ways that lead nowhere', misleadCandidates, 15_000],
]) {
  test(`tabs with ${what} talk by the channel of their browser`, async () => {
    await withTabs(3, async (tabs) => {
      await meshed(tabs, limitMs);
      for (const tab of tabs) {
        for (const { path, binding, peer } of of(await eventsOf(tab), 'opened')) {
          assert.equal(path, 'BroadcastChannel');
          const bytes = Buffer.from([tab.name, peer].sort().join(''), 'hex');
          assert.equal(binding, [...bytes].join(' '));
        }
      }
      await sends(tabs[0], tabs[1], 'reliably', true);
      await sends(tabs[1], tabs[2], 'or not', false);
      const [dead] = tabs.splice(0, 1);
      await dead.page.close();
      await meshed(tabs, NOTICED_MS);
    }, { first });
  });
}

test('many peers are connected by few links', async () => {
  await withTabs(1, async ([{ page }], room) => {
    const links = await page.evaluate(async ({ room, limitMs }) => {
      for (let n = 1; n < 24; n += 1) window.join(room);
      const end = Date.now() + limitMs;
      const isDone = () => window.peers.every(({ known, open }) => known.size === 23 && open.size > 3);
      while (!isDone() && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
      // Those that are spare are to end.
      await new Promise((done) => setTimeout(done, 2_000));
      return window.peers.map(({ name, open }) => [name, [...open.keys()]]);
    }, { room, limitMs: EVENTUALLY_MS });
    const byName = new Map(links);
    assert.ok(links.every(([, open]) => open.length <= 16), JSON.stringify(links.map(([, { length }]) => length)));
    const reached = new Set([links[0][0]]);
    for (const name of reached) byName.get(name).forEach((other) => reached.add(other));
    assert.equal(reached.size, 24);
  });
});

test('a message that is too long is refused, and the longest is not', async () => {
  await withTabs(2, async (tabs) => {
    await meshed(tabs);
    const [from, to] = tabs;
    const refusals = await from.page.evaluate((to) => {
      const [peer] = window.peers;
      const sendsTo = (name, length, isReliable) =>
        peer.refusal(name, new Uint8Array(length), isReliable) ?? 'sent';
      const nobody = 'f'.repeat(32);
      return [
        sendsTo(to, 65_536, true), sendsTo(to, 0, true), sendsTo(to, 65_537, true),
        sendsTo(to, 65_537, false), sendsTo(nobody, 1, true),
      ];
    }, to.name);
    const tooLong = 'a message has at most 65536 bytes, this one 65537';
    const nobody = `there is no link to ${'f'.repeat(32)}`;
    assert.deepEqual(refusals, ['sent', 'sent', tooLong, tooLong, nobody]);
    await to.page.waitForFunction(() => window.peers[0].messages.length === 2);
    const lengths = await to.page.evaluate(() => window.peers[0].messages.map(({ bytes }) => bytes.length));
    assert.deepEqual(lengths, [65_536, 0]);
  });
});

for (const [what, why, send] of [
  ['too long a message', 'TooLong', (channel) => channel.send(new Uint8Array(65_537))],
  ['text', 'NotBytes', (channel) => channel.send('text')],
]) {
  test(`a peer that sends ${what} is parted from`, async () => {
    await withTabs(2, async (tabs) => {
      await meshed(tabs);
      const [from, to] = tabs;
      await from.page.evaluate(`(${send})(window.dataChannels.at(-2))`);
      await linkedWith(to, [], NOTICED_MS);
      await linkedWith(from, [], NOTICED_MS);
      assert.deepEqual(of(await eventsOf(to), 'closed').map((event) => event.why), [why]);
      // Nor is it heard of again.
      await from.page.evaluate(() => document.dispatchEvent(new Event('resume')));
      await sleep(1_500);
      await linkedWith(to, [], NOTICED_MS);
    }, { first: recordConnections });
  });
}

test('senders are held back, and told when to go on', async () => {
  await withTabs(2, async (tabs) => {
    await meshed(tabs);
    const [from, to] = tabs;
    const { sent, refusal, buffered } = await from.page.evaluate((to) => {
      const [peer] = window.peers;
      let sent = 0;
      let refusal;
      while (!refusal && sent < 1_000) {
        refusal = peer.refusal(to, new Uint8Array(60_000));
        sent += refusal ? 0 : 1;
      }
      return { sent, refusal, buffered: peer.links.buffered_bytes(to) };
    }, to.name);
    assert.match(refusal, /^\d+ bytes wait to be sent to [0-9a-f]{32} already$/);
    assert.ok(buffered > 3_000_000 && buffered <= 4 << 20, `${buffered}`);
    const isDrained = () => window.peers[0].events.some(({ kind }) => kind === 'drained');
    await from.page.waitForFunction(isDrained, null, { timeout: EVENTUALLY_MS });
    await to.page.waitForFunction((sent) => window.peers[0].messages.length === sent, sent);
    assert.equal(await from.page.evaluate((to) => window.peers[0].links.buffered_bytes(to), to.name), 0);
  });
});

test('a peer that is parted from is told so and may greet again, but not one that is shunned', async () => {
  await withTabs(2, async (tabs) => {
    await meshed(tabs);
    const [one, other] = tabs;
    const greet = () => other.page.evaluate(() => document.dispatchEvent(new Event('resume')));
    const parts = async (how) => {
      const before = (await eventsOf(one)).length;
      await one.page.evaluate(({ how, name }) => window.peers[0].links[how](name), { how, name: other.name });
      await linkedWith(other, [], NOTICED_MS);
      assert.equal((await eventsOf(one)).length, before, 'who has done it is told nothing');
      // Nobody has told this of it.
      await one.page.evaluate(() => window.peers[0].open.clear());
      // The end of the connection may be faster than the word.
      assert.match(of(await eventsOf(other), 'closed').at(-1).why, /^(Left|Broke)$/);
      const names = [...Buffer.from('late')];
      assert.match(
        await one.page.evaluate((message) => window.peers[0].refusal(...message), [other.name, names]),
        /^there is no link to/,
      );
    };
    await parts('close');
    await greet();
    await meshed(tabs);
    await parts('shun');
    await greet();
    await sleep(1_500);
    await meshed([one]);
    await meshed([other]);
  });
});

test('whatever else is on the channel is ignored', async () => {
  await withTabs(2, async (tabs, room) => {
    await meshed(tabs);
    await tabs[0].page.evaluate(({ room, own, other }) => {
      const channels = [room, `${room}\n${other}`].map(
        (name) => new BroadcastChannel(`scalesmall/room/${name}`));
      const bytes = (hex) => hex.match(/../g).map((pair) => parseInt(pair, 16));
      const signal = (kind, from, to, body = []) =>
        new Uint8Array([1, kind, ...bytes(from), ...bytes(to), 0, 0, 0, 7, ...body]);
      const nobody = '0'.repeat(32);
      const text = (length) => new Array(length).fill(120);
      for (const junk of [
        null, 7, 'hello', { kind: 'hello' }, [1, 2], new Blob(['x']), new Uint8Array(), new Uint8Array(38),
        new Uint8Array(70_000), new Uint8Array(37).fill(1), signal(0, own, other).buffer,
        signal(10, own, other), signal(255, own, other), signal(5, own, other, text(20_000)),
        signal(6, own, other, text(2_000)), signal(6, own, other, text(3)), signal(5, own, other, [255]),
        signal(5, own, other, text(3)), signal(8, own, other, text(3)), signal(7, nobody, other),
        // As if from itself.
        signal(2, other, other), signal(2, other, nobody).subarray(1),
      ]) channels.forEach((channel) => channel.postMessage(junk));
      channels.forEach((channel) => channel.close());
    }, { room, own: tabs[0].name, other: tabs[1].name });
    await sends(tabs[0], tabs[1], 'still here', true);
    await sends(tabs[1], tabs[0], 'so am I', false);
    for (const tab of tabs) {
      assert.deepEqual((await eventsOf(tab)).map(({ kind }) => kind), ['found', 'opened']);
    }
  });
});

test('who leaves leaves nothing behind', async () => {
  await withTabs(2, async (tabs, room) => {
    await meshed(tabs);
    const [stays, comes] = tabs;
    const isAlone = () => window.peers[0].open.size === 0 && window.peers[0].known.size === 0;
    for (let round = 0; round < 5; round += 1) {
      await comes.page.evaluate(() => window.peers.pop().links.free());
      await stays.page.waitForFunction(isAlone, null, { polling: 20, timeout: NOTICED_MS });
      const locks = await comes.page.evaluate(async () => {
        const { held, pending } = await navigator.locks.query();
        return [held, pending].map((locks) => locks.map(({ name }) => name));
      });
      assert.deepEqual(locks, [[`scalesmall/peer/${stays.name}`], []]);
      for (const { page } of tabs) {
        const states = await page.evaluate(() =>
          window.connections.map(({ connectionState }) => connectionState));
        assert.deepEqual([...new Set(states)], ['closed']);
      }
      await rejoin(comes, room);
      await meshed(tabs);
    }
    const whys = of(await eventsOf(stays), 'closed').map(({ why }) => why);
    assert.ok(whys.every((why) => why === 'Left' || why === 'Broke'), JSON.stringify(whys));
  }, { first: recordConnections });
});

for (const [what, policy] of [['a worker', ''], ['none where it may not have one', "worker-src 'none'"]]) {
  test(`ticks come from ${what}, as regularly as can be`, async () => {
    const { page } = await world.bench.openPage({ query: policy && 'strict.html' });
    await page.waitForFunction(() => window.join);
    const found = await page.evaluate(async () => {
      const pause = (ms) => new Promise((done) => setTimeout(done, ms));
      const times = [];
      const from = window.links.nowUs();
      const ticker = new window.links.Ticker(20, () => times.push(performance.now()));
      await pause(1_000);
      const regular = times.length;
      // A page that is busy gets one tick for all that it has missed.
      const end = performance.now() + 500;
      while (performance.now() < end);
      const busy = times.length;
      await pause(10);
      const afterwards = times.length - busy;
      ticker.free();
      const stopped = times.length;
      await pause(100);
      const passedUs = Number(window.links.nowUs() - from);
      return { regular, afterwards, more: times.length - stopped, passedUs };
    });
    assert.ok(found.regular >= 30 && found.regular <= 51, `${found.regular} ticks in a second`);
    assert.ok(found.afterwards <= 2, `${found.afterwards} ticks at once`);
    assert.equal(found.more, 0);
    assert.ok(found.passedUs > 1_600_000 && found.passedUs < 10_000_000, `${found.passedUs} us`);
    await page.context().close();
  });
}

/** Keeps hold of the connections and channels of a page. */
function recordConnections() {
  window.connections = [];
  window.dataChannels = [];
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...options) {
      super(...options);
      window.connections.push(this);
    }

    createDataChannel(...options) {
      const channel = super.createDataChannel(...options);
      window.dataChannels.push(channel);
      return channel;
    }
  };
}

/** Lets the page miss all signals while it `isDeaf`. */
function makeDeaf() {
  const { addEventListener } = EventTarget.prototype;
  BroadcastChannel.prototype.addEventListener = function add(type, listener, ...options) {
    addEventListener.call(this, type, (event) => window.isDeaf || listener(event), ...options);
  };
}

/** As on a machine without a network. */
function hideCandidates() {
  const { addEventListener } = EventTarget.prototype;
  RTCPeerConnection.prototype.addEventListener = function add(type, listener, ...options) {
    const heard = (event) => event.candidate?.candidate || listener(event);
    addEventListener.call(this, type, type === 'icecandidate' ? heard : listener, ...options);
  };
}

/** As with a firewall between a machine and itself. */
function misleadCandidates() {
  RTCPeerConnection.prototype.addIceCandidate = async () => {};
}
