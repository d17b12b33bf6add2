import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { FIELDS } from '../../../server/config/fields.js';
import { loadConfig } from '../../../server/config/load-config.js';
import { projectRoot } from '../../support/harness.js';

interface Service {
  environment: Record<string, string>;
  depends_on?: Record<string, unknown>;
  ports?: string[];
  volumes?: string[];
  healthcheck: { test: string[] };
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const read = (file: string): string => readFileSync(join(projectRoot, file), 'utf8');
const yaml = createRequire(join(projectRoot, 'package.json'))('js-yaml') as { load(text: string): unknown };

/** As compose fills in variables: `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`. */
const filled = (text: string, values: Record<string, string>): string =>
  text.replace(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_all, name: string, kind: string | undefined, rest: string | undefined) =>
      values[name] ?? (kind === '-' ? (rest ?? '') : ''),
  );

describe('compose.yaml', () => {
  const secrets = { TRACKER_SECRET: 'at least sixteen letters', POSTGRES_PASSWORD: 'pw' };
  const { services, volumes } = yaml.load(filled(read('compose.yaml'), secrets)) as Compose;
  const trackers = Object.entries(services).filter(([name]) => name.startsWith('tracker'));

  it('should start two trackers on one PostgreSQL and one Redis, each on a port of this machine alone', () => {
    expect(Object.keys(services).sort()).toEqual(['postgres', 'redis', 'tracker-a', 'tracker-b']);
    const ports = trackers.flatMap(([, { ports: own }]) => own ?? []);
    expect(ports).toEqual(['127.0.0.1:5000:5000', '127.0.0.1:5001:5000']);
    for (const name of ['postgres', 'redis']) expect(services[name]?.ports).toBeUndefined();
  });

  it.each(trackers)(
    'should give %s settings that the tracker knows and accepts',
    (_name, { environment }) => {
      expect(Object.keys(environment).filter((name) => !(name in FIELDS))).toEqual([]);
      const config = loadConfig(environment);
      expect(config.database).toMatchObject({ kind: 'postgres', url: 'postgres://oi:pw@postgres:5432/oi' });
      expect(config.redisUrl).toBe('redis://redis:6379');
      expect(config.secret).toBe(secrets.TRACKER_SECRET);
      expect(environment).toEqual(trackers[0]?.[1].environment);
    },
  );

  it('should let an owner set in .env what is theirs to set, with the defaults of the tracker', () => {
    // Where the parts stand is said by the file; a market that is not the broker's has no place here.
    const fixed = ['HOST', 'PORT', 'DATABASE_URL', 'REDIS_URL'];
    const simulation = Object.keys(FIELDS).filter((name) => /^(CLOCK_|NODE_)|^UPSTOX_.*_URL$/.test(name));
    const theirs = Object.keys(FIELDS).filter((name) => ![...fixed, ...simulation].includes(name));
    for (const name of theirs) expect(read('compose.yaml')).toMatch(new RegExp(`\\$\\{${name}:[-?]`));
    const config = loadConfig(trackers[0]![1].environment);
    const { pinned, marketSweep, retentionDays, viewerPassphrase } = loadConfig({});
    expect(config).toMatchObject({ pinned, marketSweep, retentionDays, viewerPassphrase });
  });

  it('should wait for servers that it starts, and check all', () => {
    for (const { depends_on: needs = {}, healthcheck } of Object.values(services)) {
      for (const name of Object.keys(needs)) expect(services).toHaveProperty(name);
      expect(healthcheck.test.length).toBeGreaterThan(1);
    }
    for (const mount of services['postgres']?.volumes ?? [])
      expect(volumes).toHaveProperty(mount.split(':')[0]!);
  });

  it('should not start without the secrets', () => {
    for (const name of Object.keys(secrets)) expect(read('compose.yaml')).toContain(`\${${name}:?`);
  });
});

describe('Dockerfile', () => {
  it('should run as a user without rights what npm start runs', () => {
    const text = read('Dockerfile');
    expect(text).toMatch(/^USER node$/m);
    expect(text).toMatch(/^CMD \["node", "dist\/server\/main\.js"\]$/m);
    expect(read('.dockerignore').split('\n')).toEqual(
      expect.arrayContaining(['.env', 'data', 'node_modules']),
    );
  });
});

describe('oi-tracker.service', () => {
  const unit = read('deploy/oi-tracker.service');

  it('should start the built server, again and again, and give it time to finish', () => {
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/node \/opt\/oi-tracker\/dist\/server\/main\.js$/m);
    expect(unit).toMatch(/^Restart=always$/m);
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(5);
  });

  it('should be a unit that systemd accepts', () => {
    const analyze = '/usr/bin/systemd-analyze';
    // It looks, too, whether the program of ExecStart is there.
    const absent = [analyze, '/usr/bin/node'].filter((file) => !existsSync(file));
    if (absent.length > 0) return console.info(`not checked by systemd: no ${absent.join(', ')}`);
    const complaints = execFileSync(analyze, ['verify', join(projectRoot, 'deploy/oi-tracker.service')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(complaints).toBe('');
  });
});
