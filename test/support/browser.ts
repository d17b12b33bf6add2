import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { Screen } from './browser-screen.js';
import { projectRoot } from './harness.js';

/** Tests in a real Chromium: one browser per spec file, one fresh profile per screen, every trouble of a page a failure. */

export { Screen } from './browser-screen.js';
export { until } from './harness.js';

const named = process.env['CHROMIUM'];
const executable = (named === undefined ? ['/usr/bin/chromium', '/usr/bin/chromium-browser'] : [named]).find(
  (path) => existsSync(path),
);

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];
const probe = join(projectRoot, 'test/browser/fixtures/probe.js');
/** Two busy cores: a page may take its time, but not for ever. */
const PATIENCE_MS = 30_000;

export interface ScreenOptions {
  width?: number;
  height?: number;
  colorScheme?: 'dark' | 'light';
  /** A phone: touch instead of a mouse. */
  phone?: boolean;
  /** `name=value` of a sign-in made over HTTP. */
  cookie?: string;
}

/** The screens of a spec file. */
export class Screens {
  private browser: Browser | null = null;
  private readonly open: Screen[] = [];

  async launch(): Promise<void> {
    if (executable === undefined) throw new Error('Chromium is absent');
    this.browser = await chromium.launch({ executablePath: executable, args: ARGUMENTS });
  }

  /** A screen of its own profile that shows `url`. */
  async show(url: string, options: ScreenOptions = {}): Promise<Screen> {
    if (!this.browser) throw new Error('the browser is not running');
    const context = await this.browser.newContext(profile(options));
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(readFileSync(probe, 'utf8'));
    if (options.cookie !== undefined) await context.addCookies(cookies(options.cookie, url));
    return this.follow(await context.newPage(), url);
  }

  /** A second tab of the same profile. */
  async tab(beside: Screen, url: string): Promise<Screen> {
    return this.follow(await beside.page.context().newPage(), url);
  }

  /** Closes all screens. @throws when a page had a trouble that its test did not provoke */
  async closeAll(): Promise<void> {
    const screens = this.open.splice(0);
    const troubles = screens.flatMap((screen) => screen.end());
    await Promise.all(screens.map((screen) => screen.page.context().close()));
    expect(troubles).toEqual([]);
  }

  async quit(): Promise<void> {
    await this.browser?.close();
  }

  private async follow(page: Page, url: string): Promise<Screen> {
    const screen = new Screen(page, new URL(url).origin);
    this.open.push(screen);
    await page.goto(url);
    return screen;
  }
}

function profile(options: ScreenOptions): BrowserContextOptions {
  const { width = 1440, height = 900, colorScheme = 'dark', phone = false } = options;
  return { viewport: { width, height }, colorScheme, hasTouch: phone, isMobile: phone, locale: 'en-IN' };
}

function cookies(header: string, url: string): { name: string; value: string; url: string }[] {
  return header.split('; ').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return { name, value: value.join('='), url };
  });
}

/** A `describe` that needs Chromium: skipped, with the reason printed, where there is none. */
export function describeInChromium(title: string, body: (screens: Screens) => void): void {
  if (executable === undefined) {
    const reason = `Chromium absent: no ${named ?? '/usr/bin/chromium'}; install it, or name it in CHROMIUM`;
    console.info(`Skipped "${title}": ${reason}`);
    describe.skip(`${title} (${reason})`, () => {
      it('needs Chromium', () => undefined);
    });
    return;
  }
  describe(title, () => {
    const screens = new Screens();
    beforeAll(() => screens.launch());
    afterEach(() => screens.closeAll());
    body(screens);
    afterAll(() => screens.quit());
  });
}
