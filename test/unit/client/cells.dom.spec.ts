import type { ComponentProps } from 'svelte';
import ChangeCell from '../../../client/components/ChangeCell.svelte';
import type { Change } from '../../../server/protocol/index.js';
import { closeAll, mounted } from './mounted.dom.js';

afterEach(closeAll);

const change = (overrides: Partial<Change> = {}): Change => ({
  abs: -17_400,
  pct: -9.5,
  baseSlot: 0,
  buildUp: null,
  ...overrides,
});
const props = { threshold: 5, measure: 'both', dense: false, units: 'lakh', name: 'call:24200:w0' } as const;

type Props = ComponentProps<typeof ChangeCell>;

function cell(given: Partial<Props> & { change: Change | null }) {
  const view = mounted(ChangeCell, { ...props, ...given }, document.createElement('tr'));
  const td = view.container.querySelector('td');
  if (!td) throw new Error('no cell');
  return { td, view, text: () => td.textContent?.replace(/\s+/g, ' ').trim() };
}

describe('a change cell', () => {
  it('should stand out beyond its threshold by arrow, weight and tint, not by colour alone', () => {
    const { td, text } = cell({ change: change() });
    expect(text()).toBe('▼−9.5% −17.4K');
    expect(td.dataset['heat']).toBe('-5');
  });

  it('should be quiet below its threshold', () => {
    const { td, text } = cell({ change: change({ abs: 455, pct: 2 }) });
    expect(text()).toBe('+2.0% +455');
    expect(td.dataset['heat']).toBe('2');
  });

  it('should draw the unknown hatched, never as 0', () => {
    const { td, text } = cell({ change: null });
    expect(text()).toBe('–');
    expect(td.classList.contains('unknown')).toBe(true);
  });

  it('should show a measured zero as zero', () => {
    const { td, text } = cell({ change: change({ abs: 0, pct: 0 }) });
    expect(text()).toBe('0.0% 0');
    expect(td.classList.contains('unknown')).toBe(false);
  });

  it('should call a change from 0 new', () => {
    const { td, text } = cell({ change: change({ abs: 650, pct: null }) });
    expect(text()).toBe('new +650');
    expect(td.dataset['heat']).toBeUndefined();
  });

  it.each([
    ['pct', false, '▼−9.5%'],
    ['qty', false, '▼−17.4K'],
    ['both', true, '▼−9.5%'],
    ['qty', true, '▼−17.4K'],
  ] as const)('should show %s (one line: %s) as %s', (measure, dense, expected) => {
    expect(cell({ change: change(), measure, dense }).text()).toBe(expected);
  });

  it('should mark a base rebuilt from candles', () => {
    expect(cell({ change: change({ backfilled: true }) }).td.classList.contains('backfilled')).toBe(true);
  });

  it('should be marked briefly by each change, in the same node, and not by the first value', () => {
    const { td, view } = cell({ change: null });
    view.set({ change: change() });
    expect(td.dataset['flash']).toBeUndefined();
    view.set({ change: change({ abs: -17_465 }) });
    expect(td.dataset['flash']).toBe('a');
    view.set({ change: change({ abs: -17_465, baseSlot: 60_000 }) });
    expect(td.dataset['flash']).toBe('a');
    view.set({ change: change({ abs: -17_530 }) });
    expect(td.dataset['flash']).toBe('b');
  });
});
