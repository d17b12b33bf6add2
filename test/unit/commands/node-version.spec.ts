import { nodeVersion } from '../../../server/commands/doctor/node-version.js';

describe('S33 doctor, of the Node it runs on', () => {
  it.each(['20.20.2', '20.20.10', '20.21.0', '22.0.0', '24.1.3', '100.0.0'])(
    'should be content with %s',
    (version) => {
      expect(nodeVersion(version)).toEqual({ state: 'ok', what: 'node', detail: version });
    },
  );

  it.each(['20.19.0', '20.19.5', '20.20.1', '20.20.0', '20.9.9', '18.20.8', '9.99.99'])(
    'should warn of %s, which lacks security fixes, and say what to do',
    (version) => {
      const { state, detail, advice } = nodeVersion(version);
      expect(state).toBe('warn');
      expect(detail).toContain(`${version}; the tracker runs on it, but it lacks security fixes`);
      expect(advice).toContain('Install Node 20.20.2 or newer');
    },
  );
});
