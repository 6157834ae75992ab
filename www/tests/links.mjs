/**
 * What the tests of links share: a page that has nothing but links, built from
 * `src/peer/examples/links.rs`, and what is seen of them from outside.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { start } from './harness.mjs';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const TARGET = 'wasm32-unknown-unknown';

/** The page. It says when it is ready, and has `join` for peers. */
const DOCUMENT = `<!doctype html>
<link rel="icon" href="data:,">
<script type="module">
  import init, * as links from './links.js';
  await init();
  ${inPage}
  inPage(links);
</script>`;

/** The policy of a page that may have no workers. */
const STRICT = `<meta http-equiv="content-security-policy" content="worker-src 'none'">`;

/** What the page does, by the module of links. */
function inPage(links) {
  /** A peer of a room, and all that it hears of. */
  class Peer {
    name = links.newPeer();
    /** Those that it knows of; open links by peer; what has come and has not been taken. */
    known = new Set();
    open = new Map();
    messages = [];
    /** Each event but messages, with its time. */
    events = [];

    constructor(room, name) {
      if (name) this.name = name;
      this.links = new links.Links(this.name, room, (event) => this.hear(event));
    }

    hear(event) {
      const { kind, peer } = event;
      if (kind === 'received') {
        this.onMessage?.(event);
        if (!this.onMessage) this.messages.push(event);
        return;
      }
      if (kind === 'found') this.known.add(peer);
      if (kind === 'gone') this.known.delete(peer);
      if (kind === 'opened') this.open.set(peer, event);
      if (kind === 'closed') this.open.delete(peer);
      const { path, why } = event;
      const binding = event.binding && Array.from(event.binding).join(' ');
      this.events.push({ kind, peer, path, why, binding, atMs: Date.now() });
    }

    send(peer, bytes, isReliable = true) {
      this.links.send(peer, isReliable, new Uint8Array(bytes));
    }

    /** What went wrong when it was sent. */
    refusal(...message) {
      try {
        this.send(...message);
        return undefined;
      } catch (error) {
        return error.message;
      }
    }
  }
  window.links = links;
  window.peers = [];
  window.join = (room, name) => {
    const peer = new Peer(room, name);
    window.peers.push(peer);
    return peer.name;
  };
}

/** Builds the page and starts a server and a browser for it. */
export async function startLinks() {
  const dir = await mkdtemp(join(tmpdir(), 'scalesmall-links-'));
  try {
    build(dir);
    await writeFile(join(dir, 'index.html'), DOCUMENT);
    await writeFile(join(dir, 'strict.html'), STRICT + DOCUMENT);
    const bench = await start(dir);
    return {
      dir,
      bench,
      close: async () => {
        await bench.close();
        await rm(dir, { recursive: true });
      },
    };
  } catch (error) {
    await rm(dir, { recursive: true });
    throw error;
  }
}

/** As the page is built, into `dir`. */
function build(dir) {
  const printed = run('cargo', [
    'build', '--quiet', '--profile', 'page', '--target', TARGET, '--package', 'scalesmall-peer',
    '--example', 'links', '--features', 'web', '--message-format', 'json',
  ]);
  const artifacts = printed.trim().split('\n').map((line) => JSON.parse(line));
  const example = artifacts.find(({ target }) => target?.name === 'links').filenames;
  const wasm = example.find((name) => name.endsWith('.wasm'));
  run('wasm-bindgen', ['--target', 'web', '--no-typescript', '--out-dir', dir, wasm]);
}

function run(program, args) {
  const options = { cwd: PROJECT, encoding: 'utf8', maxBuffer: 64 << 20 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
  return stdout;
}
