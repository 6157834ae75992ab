/** What the tests of rooms across machines share: the command line's long-running commands. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** For how long something may be waited for. */
const EVENTUALLY_MS = 30_000;
/** For how long a program that is asked to end may take; the server waits 5 s for its clients. */
const END_MS = 8_000;

/** Builds the command line, and returns the path of it. */
export function build() {
  const args = ['build', '--quiet', '--package', 'scalesmall', '--message-format', 'json'];
  const options = { cwd: PROJECT, encoding: 'utf8', maxBuffer: 64 << 20 };
  const { status, stdout, stderr, error } = spawnSync('cargo', args, options);
  if (status !== 0) throw new Error(`cargo: ${error?.message ?? stderr}`);
  const artifacts = stdout.trim().split('\n').map((line) => JSON.parse(line));
  return artifacts.find(({ executable, target }) => executable && target.name === 'scalesmall').executable;
}

/** A command that runs until it is asked to end. */
class Running {
  lines = [];
  #process;
  #errors = '';

  constructor(program, args) {
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.lines.push(line));
    this.#process.stderr.on('data', (data) => { this.#errors += data; });
  }

  /** The first line that `wanted` makes something of. */
  async line(wanted, limitMs = EVENTUALLY_MS) {
    const until = Date.now() + limitMs;
    for (;;) {
      for (const line of this.lines) {
        const found = wanted(line);
        if (found) return found;
      }
      if (Date.now() > until || this.#process.exitCode !== null) {
        throw new Error(`no such line: ${this.lines.join('\n')}\n${this.#errors}`);
      }
      await sleep(20);
    }
  }

  say(line) {
    this.#process.stdin.write(`${line}\n`);
  }

  /** Ends it as Ctrl-C does, and returns its status. */
  async end() {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGINT');
    const late = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    const [status] = await ended;
    clearTimeout(late);
    return status;
  }
}

/** A signalling server, at a port that is free or at the one that it has had. */
export async function signal(program, port = 0) {
  const server = new Running(program, ['signal', '--bind', `127.0.0.1:${port}`]);
  server.url = await server.line((line) => /ws:\/\/[^;]*/.exec(line)?.[0]);
  server.port = Number(new URL(server.url).port);
  return server;
}

/** A peer without a browser, which tells what happens as objects. */
export function join(program, ...args) {
  const peer = new Running(program, ['join', '--json', ...args]);
  peer.events = () => peer.lines.map((line) => JSON.parse(line));
  peer.fingerprint = () => {
    const told = peer.events().findLast(({ event }) => event === 'agreed' || event === 'disagreed');
    return told?.fingerprint;
  };
  return peer;
}
