/**
 * The page for every person: what axe-core finds on each of its screens, what it says in another
 * language, and how it looks where somebody has chosen.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { start, status, statusWhen } from './harness.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const texts = (tag) =>
  JSON.parse(readFileSync(new URL(`../../src/app/texts/${tag}.json`, import.meta.url), 'utf8'));
const [ENGLISH, GERMAN] = [texts('en'), texts('de')];
/** What the document and the paintings lie on, and what the browser draws around them. */
const PAPER = { light: 'rgb(251, 250, 247)', dark: 'rgb(16, 19, 24)' };
const FRAME = { light: '#ffffff', dark: '#171b22' };

/** Each screen of the page: its address, and how to get there once it plays. */
const SCREENS = {
  stage: {},
  'a node open': {
    open: async (page) => {
      await page.locator('[data-node=n05]').click();
      await page.locator('.node-panel').waitFor();
    },
  },
  sharing: {
    open: async (page) => {
      await page.locator('#share').click();
      await page.locator('#link').waitFor();
    },
  },
  'an error': { hash: '#scenario=nowhere', open: (page) => page.locator('#error').waitFor() },
  'choosing a cut': {
    open: async (page) => {
      await page.locator('#cut').click();
      await page.locator('[data-node=n02]').click();
      await page.locator('.view.chosen').waitFor();
    },
  },
  'two timelines': {
    open: async (page) => {
      await page.keyboard.press('Home');
      await page.locator('[data-node=n02]').click();
      await page.locator('#do').click();
      await page.locator('#timeline').waitFor();
    },
  },
  'a timeline renamed': {
    open: async (page) => {
      await page.keyboard.press('f');
      await page.locator('#rename').click();
      await page.locator('#timeline-name').waitFor();
    },
  },
  'a segment asked about': {
    open: async (page) => {
      await page.locator('[data-node=n05]').focus();
      await page.keyboard.press('n');
      await page.locator('.why li').first().waitFor();
    },
  },
  'a message opened': {
    open: async (page) => {
      await page.locator('.flights summary').click();
      await page.locator('.flight').first().dispatchEvent('click');
      await page.locator('.envelope strong').waitFor();
      await page.locator('.single-faults summary').click();
    },
  },
  comparison: {
    open: async (page) => {
      await page.locator('#compare').click();
      await page.locator('.compare').waitFor();
    },
  },
  'a room': { hash: '#room=screens&secret=hush', open: aRoom },
  'a room address that is none': { hash: '#room=screens&nodes=0', alone: true, open: (page) => page.locator('#error').waitFor() },
  'a merge': {
    open: async (page) => {
      await page.locator('[data-node=n05]').press('Enter');
      await page.locator('#merge').click();
      await page.locator('dialog[open] tr.current').waitFor();
    },
  },
  help: {
    open: async (page) => {
      await page.locator('#help').click();
      await page.locator('dialog[open]').waitFor();
    },
  },
};

/** With another peer in it, and a node open. */
async function aRoom(page) {
  await page.locator('#add-peer').click();
  await page.locator('#neighbours button').first().waitFor();
  await page.locator('[data-node]').first().press('Enter');
  await page.locator('.node-panel').waitFor();
}

let bench;

before(async () => {
  bench = await start();
});

after(async () => {
  await bench?.close();
});

/**
 * Opens the page, and closes it when `use` is done with it; nothing may have gone wrong in it. There
 * are nodes in it but where it is `alone`.
 */
async function withPage({ alone = false, ...options }, use) {
  await bench.withPage(options, async (page) => {
    if (!alone) await page.locator('[data-node]').first().waitFor();
    await use(page);
  });
}

/** Gets to a screen, in the midst of a cut where there is a run. */
async function show(page, { hash, open }) {
  if (!hash) {
    await page.locator('#play').click();
    await page.locator('.timeline input').fill('6000');
    await statusWhen(page, ({ state, timeUs }) => state === 'paused' && timeUs === '6000000');
  }
  await open?.(page);
}

/** What axe-core has against the page, rule by rule. */
async function violations(page) {
  if (!await page.evaluate(() => 'axe' in globalThis)) await page.evaluate(AXE);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target}: ${failureSummary}`));
}

for (const [name, screen] of Object.entries(SCREENS)) {
  test(`axe-core finds nothing wrong: ${name}`, async () => {
    for (const size of [{ width: 1280, height: 800 }, { width: 390, height: 844, mobile: true }]) {
      await withPage({ ...size, hash: screen.hash, alone: screen.alone }, async (page) => {
        await show(page, screen);
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          assert.deepEqual(await violations(page), [], `${colorScheme}, ${size.width} wide`);
        }
        const overflow = await page.evaluate(() =>
          document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(overflow, 0, `${size.width} wide`);
      });
    }
  });
}

/** All that the document says, to those who see it and to those who hear it. */
async function said(page) {
  return page.evaluate(() => {
    const attributes = ['aria-label', 'aria-valuetext', 'title', 'placeholder', 'alt'];
    const elements = [...document.body.querySelectorAll('*')];
    const spoken = elements.flatMap((element) => attributes.map((name) => element.getAttribute(name)));
    const written = elements.flatMap((element) =>
      [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data));
    return [...spoken, ...written].filter((text) => text?.trim()).map((text) => text.trim());
  });
}

/** Texts of a language that say nothing in the other, as expressions that match them filled in. */
function onlyIn(own, other) {
  const known = new Set(Object.values(other));
  const words = Object.entries(own).filter(([name, text]) => name !== 'language' && !known.has(text));
  return words.filter(([, text]) => /\p{L}{2}/u.test(text)).map(([name, text]) => {
    const fixed = text.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return { name, expression: new RegExp(`^${fixed.join('.*')}$`, 'su') };
  });
}

/** Names of the texts of `own` that stand in the document, of which the other language has others. */
async function leftovers(page, own, other) {
  const all = await said(page);
  return onlyIn(own, other)
    .filter(({ expression }) => all.some((text) => expression.test(text)))
    .map(({ name }) => name);
}

test('in German nothing is said in English, on any screen', async () => {
  for (const [name, screen] of Object.entries(SCREENS)) {
    await withPage({ query: '?lang=de', hash: screen.hash, alone: screen.alone }, async (page) => {
      await show(page, screen);
      assert.equal(await page.locator('html').getAttribute('lang'), 'de');
      assert.deepEqual(await leftovers(page, ENGLISH, GERMAN), [], name);
      const german = await leftovers(page, GERMAN, ENGLISH);
      // Where there is no room, there is little to be said.
      const least = screen.alone ? 2 : 10;
      assert.ok(german.length > least, `${name}: ${german.length} texts in German`);
    });
  }
});

test('the address decides, then what was chosen, then the browser', async () => {
  const language = (page) => page.locator('html').getAttribute('lang');
  await withPage({ locale: 'de-AT' }, async (page) => {
    assert.equal(await language(page), 'de');
    await page.locator('#help').click();
    await page.locator('#language').selectOption('en');
    await page.locator('html[lang=en]').waitFor();
    await page.reload();
    await page.locator('[data-node]').first().waitFor();
    assert.equal(await language(page), 'en');
    await page.goto(`${bench.url}?lang=de`);
    await page.locator('[data-node]').first().waitFor();
    assert.equal(await language(page), 'de');
  });
});

test('another language changes every text at once, and the run goes on', async () => {
  for (const name of ['an error', 'choosing a cut', 'two timelines']) {
    const screen = SCREENS[name];
    await withPage({ hash: screen.hash }, async (page) => {
      await show(page, screen);
      const before = await status(page);
      await SCREENS.help.open(page);
      const chooser = page.locator('#language');
      await chooser.focus();
      await chooser.selectOption('de');
      await page.locator('html[lang=de]').waitFor();
      await page.locator('#share', { hasText: GERMAN['share.title'] }).waitFor();
      assert.deepEqual(await leftovers(page, ENGLISH, GERMAN), [], name);
      assert.deepEqual(await status(page), before, name);
      const drawn = await page.locator('.views canvas').evaluate(({ width }) => width);
      assert.ok(drawn > 300, `${name}: the canvases are painted anew`);
      assert.equal(await page.evaluate(() => document.activeElement.id), 'language');
      await chooser.selectOption('en');
      await page.locator('#share', { hasText: ENGLISH['share.title'] }).waitFor();
      assert.deepEqual(await leftovers(page, GERMAN, ENGLISH), [], name);
      // The button that had the focus before is another one now.
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
      assert.equal(await page.evaluate(() => document.activeElement.id), 'help');
    });
  }
});

test('day and night can be chosen, for the paintings too, and stay chosen', async () => {
  /** The colours of the document's paper, of a canvas', and of what the browser draws around. */
  const papers = (page) => page.evaluate(() => {
    // From a copy: that its pixels are read must not change how the page's own canvas is kept.
    const copy = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    copy.drawImage(document.querySelector('.truth canvas'), 0, 0);
    const [red, green, blue] = copy.getImageData(0, 0, 1, 1).data;
    const frames = [...document.querySelectorAll('meta[name=theme-color]')];
    return {
      page: getComputedStyle(document.documentElement).backgroundColor,
      canvas: `rgb(${red}, ${green}, ${blue})`,
      frame: frames.filter(({ media }) => matchMedia(media).matches).map(({ content }) => content),
    };
  });
  const papersWhen = async (page, theme) => {
    const paper = PAPER[theme];
    const wanted = { page: paper, canvas: paper, frame: [FRAME[theme]] };
    const end = Date.now() + 5_000;
    let found;
    do {
      found = await papers(page);
    } while (JSON.stringify(found) !== JSON.stringify(wanted) && Date.now() < end);
    assert.deepEqual(found, wanted);
  };
  for (const [system, other] of [['light', 'dark'], ['dark', 'light']]) {
    await withPage({ colorScheme: system }, async (page) => {
      await papersWhen(page, system);
      await page.keyboard.press('?');
      const chooser = page.locator('#appearance');
      await chooser.selectOption(other);
      await papersWhen(page, other);
      await page.reload();
      await page.locator('[data-node]').first().waitFor();
      await papersWhen(page, other);
      await page.keyboard.press('?');
      await chooser.selectOption('system');
      await papersWhen(page, system);
    });
  }
});

test('where nothing can be remembered the page works all the same', async () => {
  await withPage({}, async (page) => {
    // As in a frame without an origin of its own.
    await page.addInitScript(() => {
      Object.defineProperty(globalThis, 'localStorage', {
        get() { throw new DOMException('not here', 'SecurityError'); },
      });
    });
    await page.reload();
    await page.locator('#help').click();
    await page.locator('#language').selectOption('de');
    await page.locator('html[lang=de]').waitFor();
    await page.locator('#appearance').selectOption('dark');
    await page.locator('html[data-theme=dark]').waitFor();
    assert.equal(await page.locator('#help').innerText(), '?');
  });
});

test('help opens by a key and takes the keys, and the focus goes back', async () => {
  const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.dataset.node);
  await withPage({}, async (page) => {
    await page.locator('#play').click();
    await page.locator('[data-node=n03]').focus();
    await page.keyboard.press('?');
    await page.locator('dialog[open]').waitFor();
    const before = await statusWhen(page, ({ state }) => state === 'paused');
    await page.locator('dialog h3').first().click();
    for (const key of ['.', 'ArrowRight', 'Home', '?', 'p']) await page.keyboard.press(key);
    assert.deepEqual(await status(page), before);
    assert.equal(await page.locator('dialog').count(), 1);
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(page), 'n03');

    for (const close of [
      () => page.keyboard.press('Escape'),
      () => page.locator('dialog header button').click(),
      () => page.mouse.click(4, 4),
    ]) {
      await page.locator('#help').click();
      await page.locator('dialog[open]').waitFor();
      await close();
      await page.locator('dialog').waitFor({ state: 'detached' });
      assert.equal(await focused(page), 'help');
    }
  });
});
