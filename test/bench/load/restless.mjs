/** Screens that behave as people's do: most stay, some come and go, some stop reading. All come back when cut off. */
import { serve } from '../support/children.mjs';
import { random } from '../support/random.mjs';
import { askTable, isChange, watch } from '../support/socket-io.mjs';

/** Handshakes under way at once. */
const AT_ONCE = 25;
/** How long a screen that comes and goes stays, and is away, ms. */
const STAY = [500, 4_000];
const AWAY = [100, 1_000];
const SEQ = /"seq":(\d+)/;

const screens = [];
const counts = { joins: 0, changes: 0, gaps: 0, cut: 0, left: 0, refused: 0 };
let chance;
let target;
let over = false;

const between = ([least, most]) => least + chance() * (most - least);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seqOf = (data) => Number(SEQ.exec(data)?.[1]);

class Screen {
  seq = null;
  socket = null;
  #asked = false;

  constructor(kind, chain) {
    this.kind = kind;
    this.chain = chain;
  }

  /** Comes, and comes back whenever the connection ends. Resolves with the first table. */
  async join() {
    this.#asked = true;
    const { socket } = await watch(
      { ...target, chain: this.chain },
      (data) => this.#heard(data),
      (data) => this.#told(data),
    );
    this.socket = socket;
    counts.joins += 1;
    socket.on('error', (error) => console.error(`load: ${error.message}`));
    socket.once('close', () => this.#ended());
    if (this.kind === 'stalled') socket.pause();
    if (this.kind === 'restless') setTimeout(() => this.leave(), between(STAY)).unref();
  }

  leave() {
    if (this.socket === null) return;
    counts.left += 1;
    this.left = true;
    this.socket.terminate();
  }

  #told(data) {
    this.#asked = false;
    this.seq = seqOf(data);
  }

  /** Rule 2 of docs/protocol.md: whatever does not follow is a reason to ask anew. */
  #heard(data) {
    if (!isChange(data) || this.#asked) return;
    counts.changes += 1;
    const seq = seqOf(data);
    if (seq === this.seq + 1) return void (this.seq = seq);
    counts.gaps += 1;
    this.#asked = true;
    askTable(this.socket, this.chain);
  }

  async #ended() {
    if (!this.left) counts.cut += 1;
    this.left = false;
    this.socket = null;
    while (!over && this.socket === null) {
      await pause(between(AWAY));
      if (!over) await this.join().catch(() => (counts.refused += 1));
    }
  }
}

serve({
  /** Opens `steady`, `restless` and `stalled` screens, spread over the chains. */
  async open({ steady, restless, stalled, chains, seed, ...where }) {
    target = where;
    chance = random(seed);
    const kinds = Object.entries({ steady, restless, stalled });
    const all = kinds.flatMap(([kind, count]) =>
      Array.from({ length: count }, (_, i) => new Screen(kind, chains[i % chains.length])),
    );
    screens.push(...all);
    const worker = async () => {
      for (let screen = all.pop(); screen; screen = all.pop()) await screen.join();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return screens.length;
  },
  /** What happened so far, how many are connected, and the newest number that each steady screen has, by chain. */
  state() {
    const seqs = {};
    for (const { kind, chain, seq, socket } of screens)
      if (kind === 'steady' && socket !== null) (seqs[JSON.stringify(chain)] ??= []).push(seq);
    return { ...counts, connected: screens.filter(({ socket }) => socket !== null).length, seqs };
  },
  /** Sends all away for good. */
  async close() {
    over = true;
    const ends = screens.map(({ socket }) => socket && new Promise((done) => socket.once('close', done)));
    for (const { socket } of screens) socket?.terminate();
    await Promise.all(ends);
  },
});
