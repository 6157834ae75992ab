/** The last minutes of a room of real peers, played again on the stage and natively. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { native, sharedFile, start, statusWhen } from './harness.mjs';
import { Rooms, agreed, register, withOwnNode } from './rooms.mjs';

let bench;
let rooms;
before(async () => {
  bench = await start();
  rooms = new Rooms(bench, 'recorded');
});
after(async () => { await bench?.close(); });

/** Lets a node of a tab do something to the keys of the node of this name. */
const operate = (tab, operation, of) => withOwnNode(tab, async () => {
  await tab.locator('#operation').selectOption(operation);
  await tab.locator('#of').fill(of);
  await tab.locator('#do').click();
});

/** The stage on which a room is played again, with the scenario in its address. */
async function replayed(tab) {
  const opens = tab.context().waitForEvent('page');
  await tab.locator('#replay').click();
  const stage = await opens;
  await stage.waitForLoadState();
  return { stage, scenario: JSON.parse(sharedFile(stage.url())) };
}

/** Plays a stage to its end; returns what it says there. */
async function ended(stage) {
  await stage.goto(`${stage.url()}&speed=max`);
  await stage.reload();
  return statusWhen(stage, ({ state }) => state === 'ended');
}

test('a room is played again and ends as it did', { timeout: 180_000 }, () =>
  rooms.with(2, async ({ tabs: [one, two] }) => {
    const [{ nodes: [own] }] = await agreed([one, two]);
    await register(one);
    await agreed([one, two]);
    // Neither side of the cut sees what the other does to the same claim.
    await one.locator('#neighbours button').first().click();
    await operate(one, 'increase', own);
    await operate(two, 'release', own);
    await sleep(1_000);
    await operate(one, 'increase', own);
    await one.locator('#neighbours button').first().click();
    const [{ fingerprint }] = await agreed([one, two]);

    for (const tab of [one, two]) {
      const { stage, scenario } = await replayed(tab);
      assert.equal(scenario.steps.filter((step) => step.do).length, 4, JSON.stringify(scenario.steps));
      const end = await ended(stage);
      assert.equal(end.fingerprint, fingerprint);
      await stage.close();
      assert.match(await tab.locator('#recorded').innerText(), /^The last \d+:\d\d minutes, with 4 operations\./);
    }

    const saves = one.waitForEvent('download');
    await one.locator('#save-recording').click();
    const saved = await saves;
    assert.match(saved.suggestedFilename(), /^room-recorded1-recorded\.json$/);
    const file = await readFile(await saved.path(), 'utf8');
    const { stdout, stderr } = native(file, 'run', '--json');
    const outcome = JSON.parse(stdout || assert.fail(stderr));
    const fingerprints = new Set(Object.values(outcome.replicas).map((it) => it.fingerprint));
    assert.deepEqual([...fingerprints], [fingerprint]);
    const { format, replicas } = JSON.parse(file);
    assert.deepEqual([format, replicas.length], [1, 6]);
  }));

test('who comes late plays again what it has seen', { timeout: 120_000 }, () =>
  rooms.with(1, async (room) => {
    const [one] = room.tabs;
    await agreed([one]);
    await register(one);
    const two = await room.open();
    await agreed([one, two]);
    await register(two);
    const [{ fingerprint }] = await agreed([one, two]);
    const { stage, scenario } = await replayed(two);
    assert.equal(scenario.steps.filter((step) => step.do).length, 1);
    assert.ok(scenario.steps.some((step) => step.receive), 'what was there before');
    assert.equal((await ended(stage)).fingerprint, fingerprint);
  }));
