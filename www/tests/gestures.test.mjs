/** The stage under the hand: zooming, the brush, and what clicks and drags on the bands do. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { hashOf, sharedFile, start, status, statusWhen } from './harness.mjs';

const KEYS = 2 ** 32;
/** Three nodes with a quarter of the keys each; the last quarter is nobody's. */
const QUARTERS = {
  format: 1,
  title: 'quarters',
  replicas: ['a', 'b', 'c'],
  network: { latency_ms: [10, 20] },
  steps: ['a', 'b', 'c'].map((on, index) => ({
    on, do: 'increase', by: 3 - index, claim: [on, index * KEYS / 4, (index + 1) * KEYS / 4 - 1],
  })),
  until: { max_ms: 60000 },
};

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/** Opens a run, pauses it once all agree, and closes it after `use`; nothing may have gone wrong. */
async function withRun(scenario, use, options = {}) {
  await bench.withPage({ hash: hashOf(scenario), ...options }, async (page) => {
    await statusWhen(page, ({ converged, timeUs }) => converged === 'true' && timeUs > 300_000);
    await page.keyboard.press('Space');
    await statusWhen(page, ({ state }) => state === 'paused');
    await use(page);
  });
}

/** The first key and the last that are to be seen. */
async function visible(page) {
  const ends = await page.locator('.brush [role=slider]').evaluateAll((handles) =>
    handles.map((handle) => Number(handle.getAttribute('aria-valuenow'))));
  assert.equal(ends.length, 2);
  return { from: ends[0], to: ends[1], keys: ends[1] - ends[0] + 1 };
}

/** What is to be seen once it is something else than `before`. */
async function visibleAfter(page, before) {
  for (let times = 0; times < 100; times += 1) {
    const now = await visible(page);
    if (now.from !== before.from || now.to !== before.to) return now;
    await page.waitForTimeout(20);
  }
  throw new Error(`still to be seen: ${JSON.stringify(before)}`);
}

/** Where on the screen a part of the axis of a band is, in its middle or in a strip of it. */
async function place(page, band, part, row) {
  const { x, y, width, height } = await page.locator(`.${band} canvas`).boundingBox();
  return [x + part * width, y + (row === undefined ? height / 2 : row * 15 + 7)];
}

async function point(page, ...where) {
  await page.mouse.move(...await place(page, ...where));
}

/** Presses at one part of a node's strip, and moves to another; does not let go. */
async function drag(page, row, from, to) {
  await point(page, 'views', from, row);
  await page.mouse.down();
  const [x, y] = await place(page, 'views', to, row);
  await page.mouse.move(x, y, { steps: 8 });
}

/** The steps of the run, as they are shared. */
async function steps(page) {
  await page.locator('#share').click();
  await page.waitForFunction(() => document.querySelector('#link')?.value);
  const link = await page.locator('#link').inputValue();
  await page.locator('#share').click();
  return JSON.parse(sharedFile(link)).steps;
}

/** Those that have come by hand. */
async function done(page) {
  return (await steps(page)).slice(QUARTERS.steps.length);
}

test('a wheel with ctrl zooms where it points, and alone it scrolls the page', async () => {
  await withRun(QUARTERS, async (page) => {
    const whole = await visible(page);
    assert.deepEqual(whole, { from: 0, to: KEYS - 1, keys: KEYS });
    await point(page, 'views', 0.25, 1);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -480);
    const near = await visibleAfter(page, whole);
    // Twice the half of the keys, and what lay a quarter along still does.
    assert.equal(near.keys, KEYS / 4);
    const pixel = KEYS / (await page.locator('.views canvas').boundingBox()).width;
    assert.ok(Math.abs(near.from + near.keys / 4 - KEYS / 4) <= 2 * pixel, JSON.stringify(near));
    for (let times = 0; times < 20; times += 1) await page.mouse.wheel(0, -1000);
    await page.waitForFunction(() => {
      const [from, to] = [...document.querySelectorAll('.brush [role=slider]')]
        .map((handle) => Number(handle.getAttribute('aria-valuenow')));
      return to - from === 15;
    });
    for (let times = 0; times < 20; times += 1) await page.mouse.wheel(0, 1000);
    await page.locator('#zoom-whole:disabled').waitFor();
    assert.deepEqual(await visible(page), whole);
    await page.keyboard.up('Control');

    await page.mouse.wheel(0, 200);
    await page.waitForFunction(() => window.scrollY > 50);
    assert.deepEqual(await visible(page), whole);
  }, { width: 1280, height: 500 });
});

test('every band zooms, and a wheel with shift or aside moves along', async () => {
  await withRun(QUARTERS, async (page) => {
    for (const band of ['truth', 'views', 'divergence']) {
      const whole = await visible(page);
      await page.locator(`.${band} canvas`).scrollIntoViewIfNeeded();
      await point(page, band, 0.5, undefined);
      await page.keyboard.down('Control');
      await page.mouse.wheel(0, -240);
      await page.keyboard.up('Control');
      const near = await visibleAfter(page, whole);
      assert.ok(Math.abs(near.keys / KEYS - 0.5) < 0.01, `${band}: ${near.keys}`);
      await page.mouse.wheel(100, 3);
      const right = await visibleAfter(page, near);
      assert.ok(right.from > near.from && right.keys === near.keys);
      await page.keyboard.down('Shift');
      await page.mouse.wheel(0, -100);
      await page.keyboard.up('Shift');
      await visibleAfter(page, right);
      await page.keyboard.press('0');
      await page.locator('#zoom-whole:disabled').waitFor();
    }
  });
});

test('keys and buttons zoom and move along', async () => {
  await withRun(QUARTERS, async (page) => {
    const whole = await visible(page);
    await page.keyboard.press('z');
    const half = await visibleAfter(page, whole);
    assert.deepEqual(half, { from: KEYS / 4, to: KEYS * 3 / 4 - 1, keys: KEYS / 2 });
    await page.keyboard.press('d');
    const right = await visibleAfter(page, half);
    assert.equal(right.from, KEYS * 3 / 8);
    await page.keyboard.press('a');
    assert.deepEqual(await visibleAfter(page, right), half);
    await page.keyboard.press('Shift+Z');
    assert.deepEqual(await visibleAfter(page, half), whole);
    await page.keyboard.press('a');
    await page.locator('#zoom-in').click();
    await visibleAfter(page, whole);
    await page.locator('.zoom', { hasText: '50 % of the keys' }).waitFor();
    await page.locator('#zoom-out').click();
    assert.deepEqual(await visibleAfter(page, half), whole);
    assert.ok(await page.locator('#zoom-out').isDisabled());
  });
});

test('the brush moves by its ends, by its middle, and by keys', async () => {
  await withRun(QUARTERS, async (page) => {
    const { x, y, width, height } = await page.locator('.brush canvas').boundingBox();
    const pixel = KEYS / width;
    const dragTo = async (from, to) => {
      await page.mouse.move(x + width * from, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width * to, y + height / 2, { steps: 5 });
      await page.mouse.up();
    };
    const near = (actual, expected) => assert.ok(
      Math.abs(actual - expected) <= 2 * pixel, `${actual} is not ${expected}`);
    const whole = await visible(page);
    await dragTo(0, 0.5);
    const right = await visibleAfter(page, whole);
    near(right.from, KEYS / 2);
    assert.equal(right.to, KEYS - 1);
    await dragTo(0.75, 0.5);
    const middle = await visibleAfter(page, right);
    near(middle.from, KEYS / 4);
    assert.equal(middle.keys, right.keys);
    // Beside the window: its middle comes there, and not past the end.
    await page.mouse.click(x + width * 0.99, y + height / 2);
    assert.deepEqual(await visibleAfter(page, middle), right);
    // An end cannot pass the other.
    await dragTo(0.5, 1.2);
    const least = await visibleAfter(page, right);
    assert.deepEqual(least, { from: KEYS - 16, to: KEYS - 1, keys: 16 });

    const [start, end] = [page.locator('.handle.start'), page.locator('.handle.end')];
    await start.focus();
    await page.keyboard.press('Home');
    assert.deepEqual(await visibleAfter(page, least), whole);
    const { timeUs } = await status(page);
    await page.keyboard.press('ArrowRight');
    const less = await visibleAfter(page, whole);
    assert.equal(less.from, Math.floor(KEYS / 20));
    assert.equal(await start.getAttribute('aria-valuetext'), '0ccc cccc');
    await end.focus();
    await page.keyboard.press('PageDown');
    assert.ok((await visibleAfter(page, less)).to < less.to);
    assert.equal((await status(page)).timeUs, timeUs, 'arrows have moved the end, not time');
  });
});

test('a drag on a strip registers the keys that it covers, once', async () => {
  await withRun(QUARTERS, async (page) => {
    const { width } = await page.locator('.views canvas').boundingBox();
    await drag(page, 1, 0.8, 0.9);
    const ghost = page.locator('.ghost');
    await ghost.waitFor();
    assert.match(await ghost.innerText(), /^Register b for c[\da-f]{3} [\da-f]{4} – e[\da-f]{3} /);
    await page.mouse.up();
    await ghost.waitFor({ state: 'detached' });
    const [step, ...more] = await done(page);
    assert.deepEqual(more, []);
    assert.deepEqual([step.on, step.do, step.claim[0]], ['b', 'register', 'b']);
    const pixel = KEYS / width;
    assert.ok(Math.abs(step.claim[1] - KEYS * 0.8) <= pixel, `${step.claim[1]}`);
    assert.ok(Math.abs(step.claim[2] - KEYS * 0.9) <= pixel, `${step.claim[2]}`);
    assert.equal(await page.locator('.node-panel').count(), 0, 'it was no click');
    // It is there at once, though time stands still.
    assert.equal((await status(page)).state, 'paused');
    assert.notEqual((await status(page)).converged, 'true');
    // To the left, and from near the end of a segment.
    await drag(page, 2, 0.95, 0.75 + 4 / width);
    await page.mouse.up();
    const [, left] = await done(page);
    assert.equal(left.claim[1], KEYS * 3 / 4);
  });
});

test('the edge of an own claim tightens it, inwards only', async () => {
  await withRun(QUARTERS, async (page) => {
    const ghost = page.locator('.ghost');
    await point(page, 'views', 0.25, 0);
    await page.locator('.views.over-edge').waitFor();
    await point(page, 'views', 0.5, 0);
    await page.locator('.views:not(.over-edge)').waitFor();

    await drag(page, 0, 0.25, 0.125);
    await ghost.filter({ hasText: /^Tighten to 0000 0000 – [12]/ }).waitFor();
    await page.mouse.up();
    const [step, ...more] = await done(page);
    assert.deepEqual(more, []);
    const { width } = await page.locator('.views canvas').boundingBox();
    assert.deepEqual([step.on, step.do, step.claim], ['a', 'tighten', ['a', 0, KEYS / 4 - 1]]);
    assert.equal(step.to[0], 0);
    assert.ok(Math.abs(step.to[1] - KEYS / 8) <= KEYS / width, `${step.to}`);

    // Outwards, and over the other end.
    await drag(page, 1, 0.5, 0.6);
    await page.locator('.ghost.refused', { hasText: 'inwards only' }).waitFor();
    await page.mouse.up();
    await drag(page, 1, 0.5, 0.2);
    await page.locator('.ghost.refused', { hasText: 'Nothing would be left' }).waitFor();
    await page.mouse.up();
    // Of another's claim there is nothing to take hold of.
    await drag(page, 2, 0.25, 0.2);
    await ghost.filter({ hasText: 'Register c' }).waitFor();
    await page.keyboard.press('Escape');
    await page.mouse.up();
    assert.equal((await done(page)).length, 1);
  });
});

test('Escape cancels a drag, and what hardly moves is a click', async () => {
  await withRun(QUARTERS, async (page) => {
    await page.locator('[data-node=c] .name').click();
    await page.locator('.node-panel').waitFor();
    await drag(page, 1, 0.8, 0.9);
    await page.locator('.ghost').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('.ghost').waitFor({ state: 'detached' });
    await page.mouse.up();
    assert.equal(await page.locator('.node-panel h2').innerText(), 'c', 'only the drag has ended');
    const [x, y] = await place(page, 'views', 0.4, 0);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 3, y + 2);
    await page.mouse.up();
    await page.locator('.node-panel h2', { hasText: 'a' }).waitFor();
    assert.deepEqual(await done(page), []);
    // A drag that began on a strip ends with it; the right button is none.
    await page.mouse.move(x, y);
    await page.mouse.down({ button: 'right' });
    await page.mouse.move(x + 90, y);
    assert.equal(await page.locator('.ghost').count(), 0);
    await page.mouse.up({ button: 'right' });
    // While nodes are chosen, a strip is but its node.
    await page.keyboard.press('Escape');
    await page.keyboard.press('p');
    await drag(page, 1, 0.8, 0.9);
    assert.equal(await page.locator('.ghost').count(), 0);
    await page.mouse.up();
    assert.deepEqual(await done(page), []);
  });
});

test('a node that is down refuses a drag by name', async () => {
  const down = { ...QUARTERS, steps: [...QUARTERS.steps, { at_ms: 200, crash: 'b' }] };
  await withRun(down, async (page) => {
    await drag(page, 1, 0.8, 0.9);
    await page.mouse.up();
    await page.locator('#error .reason', { hasText: 'b has crashed' }).waitFor();
    assert.equal((await steps(page)).length, down.steps.length);
  });
});

test('a click asks about a segment, where something can be done', async () => {
  await withRun(QUARTERS, async (page) => {
    await point(page, 'views', 0.3, 2);
    const tooltip = page.locator('.tooltip');
    await tooltip.waitFor();
    assert.equal(await tooltip.innerText(), '4000 0000 – 7fff ffff\nc: b (2)');
    await page.mouse.click(...await place(page, 'views', 0.3, 2));
    const segment = page.locator('.node-panel .segment');
    await segment.locator('h3', { hasText: '4000 0000 – 7fff ffff' }).waitFor();
    assert.equal(await page.locator('.node-panel h2').innerText(), 'c');
    await segment.locator('[data-do=increase]').click();
    await segment.locator('dd', { hasText: 'b (3)' }).first().waitFor();
    assert.deepEqual(await segment.locator('dd').allInnerTexts(), ['b (3)', 'b (3)']);
    await segment.locator('[data-do=tighten]').click();
    const [from, to] = await segment.locator('.tightening input').all();
    assert.equal(await from.inputValue(), '0x40000000');
    await to.fill('0x4fffffff');
    await segment.locator('.tightening .main').click();
    await segment.locator('h3', { hasText: '4000 0000 – 4fff ffff' }).waitFor();
    await segment.locator('[data-do=release]').click();
    await segment.locator('dd', { hasText: 'nobody' }).first().waitFor();
    await segment.locator('#register-here').click();
    await segment.locator('dd', { hasText: 'c (0)' }).first().waitFor();
    const kinds = (await done(page)).map((step) => `${step.on} ${step.do}`);
    assert.deepEqual(kinds, ['c increase', 'c tighten', 'c release', 'c register']);
    // What is no part of the claim is refused.
    await segment.locator('[data-do=tighten]').click();
    await segment.locator('.tightening input').first().fill('nine');
    await page.keyboard.press('Enter');
    await page.locator('#error', { hasText: 'nine' }).waitFor();
  });
});

test('the merged truth can be asked, and a double click zooms on what is asked', async () => {
  await withRun(QUARTERS, async (page) => {
    await point(page, 'truth', 0.6);
    await page.locator('.tooltip', { hasText: 'truth: c (1)' }).waitFor();
    const whole = await visible(page);
    await page.mouse.dblclick(...await place(page, 'truth', 0.6));
    const near = await visibleAfter(page, whole);
    assert.equal(near.keys, KEYS / 2);
    const { width } = await page.locator('.truth canvas').boundingBox();
    assert.ok(Math.abs((KEYS * 0.6 - near.from) / near.keys - 0.6) < 2 / width);
    await page.locator('.node-panel h2', { hasText: 'Merged truth' }).waitFor();
    assert.equal(await page.locator('.node-panel .segment h3').innerText(), '8000 0000 – bfff ffff');
    await page.keyboard.press('Escape');
    await page.locator('.node-panel').waitFor({ state: 'detached' });
  });
});

test('keys walk from segment to segment and say each', async () => {
  await withRun(QUARTERS, async (page) => {
    await page.locator('[data-node=b]').focus();
    const said = page.locator('#said');
    const says = async (key, text) => {
      await page.keyboard.press(key);
      await said.filter({ hasText: text }).waitFor({ state: 'attached' });
    };
    await says('n', '0000 0000 – 3fff ffff. b: a (3).');
    await says('n', '4000 0000 – 7fff ffff. b: b (2).');
    await says('b', '0000 0000 – 3fff ffff. b: a (3).');
    await says('b', '0000 0000 – 3fff ffff. b: a (3).');
    await says('n', '4000 0000 – 7fff ffff. b: b (2).');
    // Near enough that the next is not to be seen: it comes to be.
    for (let times = 0; times < 3; times += 1) await page.keyboard.press('z');
    const before = await visible(page);
    await says('n', '8000 0000 – bfff ffff. b: c (1).');
    assert.ok((await visible(page)).from >= before.from);
    await says('n', 'c000 0000 – ffff ffff. b: nobody.');
    assert.ok((await visible(page)).from >= KEYS / 2);
    assert.equal(await page.locator('.node-panel .segment h3').innerText(), 'c000 0000 – ffff ffff');
  });
});

test('fingers pinch and draw the keys along, and register nothing', async () => {
  await withRun(QUARTERS, async (page) => {
    const client = await page.context().newCDPSession(page);
    const { x, y, width } = await page.locator('.views canvas').boundingBox();
    const touch = (type, ...parts) => client.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: parts.map((part, id) => ({ x: x + part * width, y: y + 20, id })),
    });
    const whole = await visible(page);
    await touch('touchStart', 0.4);
    await touch('touchStart', 0.4, 0.6);
    for (const by of [0.02, 0.06, 0.1]) await touch('touchMove', 0.4 - by, 0.6 + by);
    await touch('touchEnd');
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(await overflow(), 0);
    const near = await visibleAfter(page, whole);
    assert.ok(Math.abs(near.keys / KEYS - 0.5) < 0.02, `${near.keys / KEYS}`);
    await page.waitForTimeout(100);
    const before = await visible(page);
    await touch('touchStart', 0.6);
    for (const part of [0.55, 0.45, 0.4]) await touch('touchMove', part);
    await touch('touchEnd');
    const moved = await visibleAfter(page, before);
    assert.equal(moved.keys, before.keys);
    assert.ok(moved.from > before.from);
    assert.deepEqual(await done(page), []);
    for (const button of ['#zoom-in', '#zoom-out', '#zoom-whole']) {
      const box = await page.locator(button).boundingBox();
      assert.ok(box.width >= 44 && box.height >= 44, `${button}: ${box.width} × ${box.height}`);
    }
  }, { width: 390, height: 844, mobile: true });
});

test('only the chosen nodes keep their colours', async () => {
  await withRun(QUARTERS, async (page) => {
    // How many pixels of the truth are of no colour, of those at the height of the bars.
    const greys = () => page.locator('.truth canvas').evaluate((canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height)
        .getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const at = (part) => copy.getImageData(canvas.width * part, 70, 1, 1).data;
      return [0.1, 0.3, 0.6].map((part) => {
        const [red, green, blue] = at(part);
        return Math.max(red, green, blue) - Math.min(red, green, blue) < 10;
      });
    });
    const becomes = async (expected) => {
      for (let times = 0; times < 50 && `${await greys()}` !== `${expected}`; times += 1) {
        await page.waitForTimeout(20);
      }
      assert.deepEqual(await greys(), expected);
    };
    await becomes([false, false, false]);
    await page.locator('[data-node=b]').focus();
    await page.keyboard.press('o');
    await becomes([true, false, true]);
    await page.locator('[data-node=c] .name').click();
    await page.locator('#only').click();
    await becomes([true, false, false]);
    assert.equal(await page.locator('#only').getAttribute('aria-pressed'), 'true');
    await page.keyboard.press('o');
    await becomes([true, false, true]);
    await page.locator('#all').click();
    await becomes([false, false, false]);
    assert.equal(await page.locator('#all').count(), 0);
  });
});

test('what is done while time stands still is seen at once', async () => {
  await withRun(QUARTERS, async (page) => {
    await page.locator('[data-node=b] .name').click();
    await page.locator('#leave-node').dblclick();
    await page.locator('.node-panel .condition', { hasText: 'leaving' }).waitFor();
    assert.equal(await page.locator('#leave-node').count(), 0);
    assert.deepEqual((await done(page)).map(({ leave }) => leave), ['b']);
    await page.locator('[data-node=c] .name').click();
    await page.locator('#crash-node').click();
    await page.locator('#restart-node').click();
    await page.locator('#crash-node').waitFor();
    assert.equal((await done(page)).length, 3);
    assert.equal(await page.locator('#error').count(), 0);
    assert.equal((await status(page)).state, 'paused');
  });
});

test('what ends the choice of whom to cut off is in sight', async () => {
  const replicas = Array.from({ length: 60 }, (_, index) => `r${index}`);
  await withRun({ ...QUARTERS, replicas, steps: [] , until: { max_ms: 60000 } }, async (page) => {
    assert.ok(await page.evaluate(() => window.scrollY === 0));
    await page.keyboard.press('p');
    await page.locator('[data-node=r3]').click();
    const cut = await page.locator('#cut-now').boundingBox();
    const transport = await page.locator('.transport').boundingBox();
    assert.ok(cut.y > 0 && cut.y + cut.height <= transport.y, JSON.stringify([cut, transport]));
    const alpha = await page.locator('.view.chosen').evaluate((row) =>
      getComputedStyle(row).backgroundColor.match(/[\d.]+(?=\)$)/)[0]);
    assert.ok(Number(alpha) < 0.5, `the painting shows through ${alpha}`);
  });
});

test('no words of the timeline lie on each other', async () => {
  const steps = [];
  for (let at_ms = 1000; at_ms < 9000; at_ms += 900) {
    steps.push({ at_ms, crash: 'a' }, { at_ms: at_ms + 100, restart: 'a' });
    steps.push({ at_ms: at_ms + 200, pause: 'b' }, { at_ms: at_ms + 250, resume: 'b' });
  }
  const busy = { ...QUARTERS, steps: [...QUARTERS.steps, ...steps], until: { max_ms: 10000 } };
  for (const width of [1280, 390]) {
    await withRun(busy, async (page) => {
      const boxes = await page.locator('.mark:not(.agrees)').evaluateAll((marks) => marks
        .map((mark) => mark.getBoundingClientRect()).map(({ left, right }) => ({ left, right }))
        .sort((one, other) => one.left - other.left));
      assert.ok(boxes.length > 3);
      boxes.reduce((before, box) => {
        assert.ok(box.left >= before.right - 0.5, JSON.stringify(boxes));
        return box;
      });
    }, { width, height: 800 });
  }
});
