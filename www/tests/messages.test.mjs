/** Messages over time, what can be done to them by hand, and why a node believes what it does. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { hashOf, native, sharedFile, start, statusWhen } from './harness.mjs';

/** Two nodes, slow links, and nothing but one operation whose news takes its time. */
const SLOW = {
  format: 1,
  title: 'slow links',
  replicas: ['a', 'b'],
  network: { strategy: 'tree', anti_entropy: false, latency_ms: [400, 400], interval_ms: 100 },
  steps: [
    { at_ms: 500, on: 'a', do: 'increase', by: 3, claim: ['a', 0, 2147483647] },
    { at_ms: 9000, on: 'b', do: 'register', claim: ['b', 0, 2147483647] },
  ],
  until: { converged: true, max_ms: 20000 },
};

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** Opens a page, paused at a moment, and closes it after `use`; nothing may have gone wrong. */
async function withPage(scenario, atMs, use) {
  await bench.withPage({ hash: `${hashOf(scenario)}&at=${atMs}` }, async (page) => {
    await statusWhen(page, ({ state, timeUs }) => state === 'paused' && Number(timeUs) === atMs * 1000);
    await use(page);
  });
}

/** Goes to a moment. */
async function seek(page, atMs) {
  await page.locator('.timeline input').fill(String(atMs));
  await statusWhen(page, ({ timeUs }) => Number(timeUs) === atMs * 1000);
}

/** What a button of the table does to the message of this kind that is on its way from a to b. */
async function decide(page, fate, kind) {
  const flights = page.locator('.flights');
  if (!await flights.evaluate((details) => details.open)) await flights.locator('summary').click();
  const row = flights.locator('tbody tr', { hasText: kind }).filter({ hasText: 'a → b' });
  await row.first().locator(`[data-fate=${fate}]`).click();
}

/** Whose strip says that it agrees. */
const agrees = async (page, node) =>
  /: agrees/.test(await page.locator(`[data-node=${node}]`).getAttribute('aria-label'));

test('a message is held, and passes when it is told to, in a shared run as well', async () => {
  let link;
  await withPage(SLOW, 700, async (page) => {
    assert.equal(await agrees(page, 'b'), false);
    await decide(page, 'hold', 'batch');
    await seek(page, 950);
    assert.equal(await agrees(page, 'b'), false, 'it would have come by now');
    await page.locator('.flights tbody tr', { hasText: 'held' }).waitFor();
    await decide(page, 'pass', 'held');
    await page.locator('[data-node=b][aria-label*=": agrees"]').waitFor();
    await page.locator('#share').click();
    await page.waitForFunction(() => document.querySelector('#link')?.value);
    link = await page.locator('#link').inputValue();
  });
  const text = sharedFile(link);
  const kinds = JSON.parse(text).steps.map((step) => Object.keys(step).join(' '));
  assert.ok(kinds.some((kind) => kind.includes('hold')) && kinds.some((kind) => kind.includes('pass')));
  const outcome = JSON.parse(native(text, 'run', '--json').stdout);
  const { page } = await bench.openPage({ hash: `#s=${link.split('#s=')[1].split('&')[0]}&speed=max` });
  const end = await statusWhen(page, ({ state }) => state === 'ended');
  assert.equal(end.fingerprint, outcome.replicas.b.fingerprint);
  await page.context().close();
});

test('a message is lost and a message is repeated', async () => {
  await withPage(SLOW, 700, async (page) => {
    await decide(page, 'lose', 'batch');
    await page.locator('.flight.lost').waitFor();
    await seek(page, 950);
    assert.equal(await agrees(page, 'b'), false);
  });
  await withPage(SLOW, 700, async (page) => {
    const arrows = await page.locator('.flight.payload').count();
    await decide(page, 'repeat', 'batch');
    await page.waitForFunction((count) =>
      document.querySelectorAll('.flight.payload').length > count, arrows);
    await seek(page, 950);
    assert.equal(await agrees(page, 'b'), true);
  });
});

test('an arrow says what it carries and shows what led to it', async () => {
  await withPage(SLOW, 1500, async (page) => {
    const arrow = page.locator('.flight.payload').first();
    await arrow.dispatchEvent('click');
    const envelope = page.locator('.envelope');
    await envelope.getByText('a·1', { exact: true }).waitFor();
    assert.match(await envelope.innerText(), /a → b · batch · \d+ bytes · sent at 0\.\d+ s, arrived at/);
    assert.equal(await page.locator('.flight.shown').count(), 1);
    assert.ok(await page.locator('.lane.past').count() > 0);
    await envelope.getByRole('button', { name: 'Let go' }).click();
    await page.locator('.lane.past').first().waitFor({ state: 'detached' });
  });
});

test('lanes come and go, and many of them show how much', async () => {
  const { page, problems } = await bench.openPage({ hash: '#at=2000' });
  await statusWhen(page, ({ timeUs }) => Number(timeUs) === 2_000_000);
  const lanes = page.locator('.lane-names li');
  assert.equal(await lanes.count(), 8);
  await lanes.nth(2).locator('button').click();
  await page.waitForFunction(() => document.querySelectorAll('.lane-names li').length === 7);
  await page.locator('#add-lane').selectOption({ label: 'n03' });
  await page.waitForFunction(() => document.querySelectorAll('.lane-names li').length === 8);
  assert.ok(await page.locator('.flight').count() > 10);
  await page.locator('#all-messages').click();
  await page.waitForFunction(() => document.querySelectorAll('.flight.digest').length === 0);
  await page.locator('#all-lanes').click();
  await page.locator('.diagram .link').first().waitFor({ state: 'attached' });
  assert.equal(await lanes.count(), 24);
  assert.equal(await page.locator('.flight').count(), 0);
  const before = await page.locator('.times span').first().innerText();
  await page.locator('#shorter').click();
  await page.waitForFunction((text) => document.querySelector('.times span').innerText !== text, before);
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('the diagram is saved as a drawing that stands by itself', async () => {
  await withPage(SLOW, 1500, async (page) => {
    const waits = page.waitForEvent('download');
    await page.locator('#save-svg').click();
    const text = await readFile(await (await waits).path(), 'utf8');
    const [shafts, names, problem] = await page.evaluate((svg) => {
      const { documentElement: drawing } = new DOMParser().parseFromString(svg, 'image/svg+xml');
      const texts = [...drawing.querySelectorAll('text')].map((it) => it.textContent);
      const widths = [...drawing.querySelectorAll('line')].map((line) => line.style.strokeWidth);
      return [widths.filter((width) => width === '1.3px').length, texts, drawing.querySelector('parsererror')?.textContent];
    }, text);
    assert.equal(problem, undefined);
    assert.ok(shafts > 0 && names.includes('a') && names.includes('b'), `${shafts} ${names}`);
    assert.ok(!text.includes('class='), 'nothing of it needs the stylesheet');
  });
});

test('a segment says which operations make it so, and where those are that were not seen', async () => {
  const scenario = {
    ...SLOW,
    network: { latency_ms: [10, 20], interval_ms: 100 },
    steps: [
      { at_ms: 100, on: 'a', do: 'register', claim: ['a', 0, 4294967295] },
      { at_ms: 2000, partition: [['a'], ['b']] },
      { at_ms: 2100, on: 'b', do: 'release', claim: ['a', 0, 4294967295] },
      { at_ms: 9000, heal: true },
    ],
  };
  await withPage(scenario, 4000, async (page) => {
    const ask = async (node) => {
      await page.locator(`[data-node=${node}]`).focus();
      await page.keyboard.press('n');
      await page.locator('#why-title', { hasText: `does ${node} think` }).waitFor();
      return page.locator('.why li').allInnerTexts();
    };
    const atA = await ask('a');
    assert.equal(atA.length, 2);
    assert.match(atA[0], /Register.*a·1[^]*issued here at 0\.100 s/);
    assert.match(atA[1], /Release.*b·1[^]*not seen yet: on the other side of the cut/);
    await page.keyboard.press('Escape');
    const atB = await ask('b');
    assert.match(await page.locator('#why-title').innerText(), /nobody serves these keys/);
    assert.match(atB[0], /Release.*b·1/);
    assert.match(atB[1], /Register.*a·1[^]*taken back by b·1; arrived at 0\.\d+ s by a/);
  });
});

test('one link and one clock fail by hand, and no longer do', async () => {
  await withPage({ ...SLOW, network: {} }, 2000, async (page) => {
    await page.locator('.single-faults summary').click();
    await page.locator('#cut-link').click();
    const faults = page.locator('.faults li');
    await faults.filter({ hasText: 'Nothing comes from a to b.' }).waitFor();
    await page.locator('#skew').fill('many');
    await page.locator('#set-clock').click();
    await page.locator('#error .reason', { hasText: 'many' }).waitFor();
    await page.locator('#skew').fill('-250');
    await page.locator('#set-clock').click();
    await faults.filter({ hasText: 'The clock of a is off by -250 ms.' }).waitFor();
    assert.equal(await faults.count(), 2);
    await faults.first().getByRole('button', { name: 'End it' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.faults li').length === 1);
  });
});
