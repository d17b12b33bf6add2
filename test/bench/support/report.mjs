import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../bin/build-if-needed.mjs';
import { round } from './stats.mjs';

export const RESULTS = join(root, 'bench-results');
const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/**
 * A line of a result.
 * @param what what was measured, with its size and percentile
 * @param given `peer` in the same unit by the name `against`, where there is one; the most that is allowed of the ratio
 * ours ÷ peer (`ratio`) and of ours itself (`limit`): with both, both must hold; `hard` = `--check` fails without it
 */
export function line(what, unit, ours, given = {}) {
  const { peer = null, against = null, ratio: most = null, limit = null, hard = false } = given;
  const goals = [
    ...(most === null ? [] : [{ words: `≤ ${round(most)} ×`, met: ours / peer <= most }]),
    ...(limit === null ? [] : [{ words: `≤ ${limit} ${unit}`, met: ours <= limit }]),
  ];
  return {
    ...{ what, unit, ours: round(ours), peer: peer === null ? null : round(peer), against },
    ratio: peer === null ? null : round(ours / peer),
    goal: goals.length === 0 ? null : goals.map(({ words }) => words).join(', '),
    met: goals.length === 0 ? null : goals.every(({ met }) => met),
    hard,
  };
}

const cell = (value) => (value === null || value === undefined ? '' : String(value));
const verdict = ({ met }) => (met === null ? '' : met ? 'met' : 'missed');

export function printRows(rows) {
  console.table(
    rows.map((row) => ({
      what: row.what,
      ours: `${row.ours} ${row.unit}`,
      peer: row.peer === null ? '' : `${row.peer} (${row.against})`,
      ratio: cell(row.ratio),
      goal: cell(row.goal),
      '': verdict(row),
    })),
  );
}

/** The newest result of each bench, whole runs before quick ones. */
function newestResults() {
  const newest = new Map();
  for (const file of readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const record = JSON.parse(readFileSync(join(RESULTS, file), 'utf8'));
    if (record.quick && newest.get(record.name)?.quick === false) continue;
    newest.set(record.name, record);
  }
  return [...newest.values()];
}

function markdown(records) {
  const lines = [
    '| Bench | What | Ours | Peer | Ratio | Goal | |',
    '| --- | --- | ---: | ---: | ---: | --- | --- |',
  ];
  for (const { name, rows, skipped } of records) {
    if (skipped !== undefined) lines.push(`| ${name} | skipped: ${skipped} | | | | | |`);
    (rows ?? []).forEach((row, i) => {
      const peer = row.peer === null ? '' : `${row.peer} (${row.against})`;
      const cells = [
        i === 0 ? name : '',
        row.what,
        `${row.ours} ${row.unit}`,
        peer,
        cell(row.ratio),
        cell(row.goal),
      ];
      lines.push(`| ${cells.join(' | ')} | ${verdict(row)} |`);
    });
  }
  return lines.join('\n');
}

function machines(records) {
  const lines = records.map(({ name, started, seconds, runs, quick, machine: m }) => {
    const how = `${runs} rounds${quick ? ', quick' : ''}, ${seconds} s, commit ${m.commit}, load at start ${m.load}`;
    return `- ${name}: ${started.slice(0, 10)}, ${how}`;
  });
  const m = records[0].machine;
  return [`${m.cpu}, ${m.cores} cores, ${m.memoryGb} GB, ${m.os}, Node ${m.node}.`, '', ...lines].join('\n');
}

/** Puts the newest results between the markers of a document. @throws where it has no markers, or nothing was measured */
export function renderTable(file) {
  const records = newestResults();
  if (records.length === 0) throw new Error('bench-results is empty: run `npm run bench` first.');
  const text = readFileSync(file, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${file} has no ${BEGIN} … ${END}.`);
  const body = `${BEGIN}\n\n${markdown(records)}\n\n${machines(records)}\n\n${END}`;
  writeFileSync(file, `${before}${body}${after}`);
  console.log(`${records.length} results in ${file}`);
}
