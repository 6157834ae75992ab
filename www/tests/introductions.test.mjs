/** Rooms of pages that nothing but people can introduce to each other: each browser knows nothing of
 * the others, and no server takes part. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from './harness.mjs';
import { agreed, register, status } from './rooms.mjs';

let bench;
before(async () => { bench = await start(); });
after(() => bench.close());

/** A page in a browser of its own. */
async function alone(t, hash) {
  const { page, problems } = await bench.openPage({ hash });
  t.after(async () => {
    assert.deepEqual(problems, []);
    await page.context().close();
  });
  await page.waitForSelector('#peers');
  return page;
}

/** What a page has for somebody else. */
async function toSend(page, kind) {
  const field = page.locator(`#to-send[data-kind="${kind}"]`);
  await field.waitFor();
  return field.inputValue();
}

const unfold = async (page) => {
  if (!await page.locator('#by-hand[open]').count()) await page.locator('#by-hand summary').click();
};

async function invite(page) {
  await unfold(page);
  await page.locator('#invite').click();
  return toSend(page, 'invitation');
}

async function bring(page, text) {
  await unfold(page);
  await page.locator('#brought').fill(text);
  await page.locator('#take').click();
}

const hashOf = (address) => new URL(address).hash;
const said = (page, wanted) => page.waitForFunction(
  (wanted) => document.querySelector('#by-hand-said').textContent.includes(wanted), wanted,
);

test('an invitation and its answer link two browsers, and others follow', async (t) => {
  const host = await alone(t, '#room=hand1&secret=hush&nodes=2');
  await host.waitForFunction(() => document.querySelector('#status').dataset.converged === 'true');
  await register(host);
  const address = await invite(host);
  assert.match(address, /#room=hand1&secret=hush&nodes=2&offer=[\w-]+$/);

  const guest = await alone(t, hashOf(address));
  assert.equal(await guest.evaluate(() => location.hash), '#room=hand1&secret=hush&nodes=2');
  const answer = await toSend(guest, 'answer');
  // A mail program breaks lines.
  await bring(host, answer.replaceAll(/(.{60})/g, '$1\n'));
  await agreed([host, guest], 1);
  await said(host, 'Connected');
  await said(guest, 'Connected');
  await register(guest);
  const [{ fingerprint, nodes }] = await agreed([host, guest], 1);
  assert.equal(nodes.length, 4);

  // The guest invites a third one, whom the host then knows by way of the guest.
  const third = await alone(t, hashOf(await invite(guest)));
  await bring(guest, await toSend(third, 'answer'));
  await third.waitForFunction(
    (wanted) => document.querySelector('#status').dataset.fingerprint === wanted, fingerprint,
  );
  await host.waitForFunction(() => document.querySelectorAll('[data-node]').length === 6);
  assert.equal((await status(host)).connected, 1);
});

test('an invitation can be brought to a page that is in the room already, and people take their time', async (t) => {
  const [host, guest] = [await alone(t, '#room=hand2'), await alone(t, '#room=hand2')];
  await bring(guest, await invite(host));
  const answer = await toSend(guest, 'answer');
  await host.waitForTimeout(20_000);
  await bring(host, answer);
  await agreed([host, guest], 1);
});

test('what is brought in vain is said', async (t) => {
  const [host, guest] = [await alone(t, '#room=hand3'), await alone(t, '#room=hand3')];
  const address = await invite(host);
  await bring(host, address);
  await said(host, 'the invitation of this very page');
  await bring(host, 'Dear Sirs');
  await said(host, 'neither an invitation');
  await bring(host, 'a.b');
  await said(host, 'character 2');
  await bring(guest, address);
  const answer = await toSend(guest, 'answer');
  const other = await alone(t, '#room=hand3');
  await bring(other, answer);
  await said(other, 'answers the invitation of another page');
  await bring(host, answer);
  await agreed([host, guest], 1);
  await bring(host, answer);
  await said(host, 'taken, or no longer open');
  await bring(guest, address);
  await said(guest, 'there is a link to whom it comes from already');
  assert.equal((await status(other)).connected, 0);
});

test('who does not know the secret is turned away, whatever people carry', async (t) => {
  const [host, stranger] = [await alone(t, '#room=hand4&secret=hush'), await alone(t, '#room=hand4&secret=guess')];
  await bring(stranger, await invite(host));
  await bring(host, await toSend(stranger, 'answer'));
  await host.waitForSelector('#turned-away');
  assert.match(await host.locator('#turned-away').textContent(), /does not know the room/);
  assert.equal((await status(host)).connected, 0);
});

test('who was introduced and goes is gone', async (t) => {
  const [host, guest] = [await alone(t, '#room=hand5'), await alone(t, '#room=hand5')];
  await bring(guest, await invite(host));
  await bring(host, await toSend(guest, 'answer'));
  await agreed([host, guest], 1);
  await guest.goto('about:blank');
  await host.waitForFunction(() => document.querySelector('#peers').dataset.connected === '0');
});
