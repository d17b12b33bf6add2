import { readFileSync } from 'node:fs';

/** Every text on every ground it can stand on, in both themes, held against WCAG 2.1 AA (4.5 : 1). */
type Rgb = [number, number, number];
type Theme = 'dark' | 'light';

const css = readFileSync('client/styles/tokens.css', 'utf8');

function tokens(theme: Theme): Map<string, string> {
  const block = new RegExp(`data-theme='${theme}'\\]\\s*\\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return new Map(
    [...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1] ?? '', (m[2] ?? '').trim()]),
  );
}

function rgb(text: string): Rgb {
  const hex = /^#([0-9a-f]{6})$/i.exec(text)?.[1];
  const parts = hex ? [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)) : text.split(/\s+/).map(Number);
  if (parts.length !== 3 || parts.some((p) => !Number.isFinite(p))) throw new Error(`not a colour: ${text}`);
  return parts as Rgb;
}

const over = (top: Rgb, alpha: number, below: Rgb): Rgb =>
  top.map((t, i) => t * alpha + (below[i] ?? 0) * (1 - alpha)) as Rgb;

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((v) => {
    const s = v / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each<Theme>(['dark', 'light'])('the %s theme', (theme) => {
  const all = tokens(theme);
  const colour = (name: string): Rgb => rgb(all.get(name) ?? `no token ${name}`);
  const expectReadable = (text: string, ground: Rgb, alpha = 1): void => {
    const ratio = contrast(over(colour(text), alpha, ground), ground);
    if (ratio < 4.5)
      throw new Error(`${text} has ${ratio.toFixed(2)} : 1 on ${ground.map(Math.round).join(' ')}`);
  };

  const PLAIN: [text: string, grounds: string[]][] = [
    ['ink', ['ground', 'panel', 'raised', 'itm', 'atm-row', 'line', 'flash']],
    ['ink-2', ['ground', 'panel', 'raised', 'itm', 'atm-row', 'line', 'flash']],
    ['ink-3', ['ground', 'panel', 'raised', 'itm', 'atm-row']],
    ['call', ['panel', 'raised']],
    ['put', ['panel', 'raised']],
    ['atm', ['panel', 'raised', 'line']],
    ['stale', ['ground', 'panel', 'raised']],
    ['danger', ['ground', 'panel', 'raised']],
    ['accent-ink', ['accent']],
  ];
  it.each(PLAIN)('should keep %s readable', (text, grounds) => {
    for (const ground of grounds) expectReadable(text, colour(ground));
  });

  it.each(['added', 'closed'])('should keep the cells of OI %s readable at every step', (direction) => {
    for (const ground of ['panel', 'itm', 'atm-row'].map(colour))
      for (const step of [1, 2, 3, 4, 5, 6]) {
        const tinted = over(colour(direction), parseFloat(all.get(`tint-${step}`) ?? 'none') / 100, ground);
        for (const text of step < 5 ? ['ink', 'ink-2'] : [`${direction}-ink`]) expectReadable(text, tinted);
        // The per cent sign is drawn at 0.9.
        expectReadable(step < 5 ? 'ink' : `${direction}-ink`, tinted, 0.9);
      }
  });

  it('should keep grey tints of stale numbers readable', () => {
    for (const ground of ['panel', 'itm', 'atm-row'].map(colour)) {
      const tinted = over([128, 138, 150], parseFloat(all.get('tint-6') ?? 'none') / 100, ground);
      expectReadable('ink', tinted);
    }
  });
});
