/** ESM mode (see docs/decisions/0002). Kinds of tests: test/README.md. */
const shared = {
  rootDir: '.',
  extensionsToTreatAsEsm: ['.ts', '.svelte'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // js before mjs: typeorm's index.mjs imports ./index.js, which the mapper above shortens to ./index.
  moduleFileExtensions: ['ts', 'svelte', 'js', 'mjs', 'json', 'node'],
};
const swc = { '^.+\\.ts$': ['@swc/jest'] };

export default {
  // What a test waits for has deadlines of its own; this ends what hangs, on a busy machine too.
  testTimeout: 180_000,
  // A process that has held a hundred suites has gigabytes to look through at each collection: a fresh one takes over.
  workerIdleMemoryLimit: '1500MB',
  reporters: [['default', { summary: false }], 'summary', '<rootDir>/test/support/summary-reporter.mjs'],
  projects: [
    {
      ...shared,
      displayName: 'server',
      testEnvironment: 'node',
      transform: swc,
      setupFiles: ['<rootDir>/test/support/setup.mjs'],
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.dom\\.spec\\.ts$'],
    },
    {
      ...shared,
      displayName: 'client',
      testEnvironment: 'jsdom',
      testEnvironmentOptions: { customExportConditions: ['browser', 'svelte'] },
      transform: {
        '\\.svelte$': '<rootDir>/test/support/svelte-transform.mjs',
        '\\.svelte\\.ts$': '<rootDir>/test/support/svelte-transform.mjs',
        ...swc,
      },
      transformIgnorePatterns: ['/node_modules/(?!@testing-library/svelte-core/)'],
      testMatch: ['<rootDir>/test/**/*.dom.spec.ts'],
    },
  ],
};
