import { readFileSync } from 'node:fs';
import { transformSync } from '@swc/core';
import { compile, compileModule } from 'svelte/compiler';

const stripTypes = (source, filename) =>
  transformSync(source, {
    filename,
    swcrc: false,
    jsc: { parser: { syntax: 'typescript' }, target: 'es2023', transform: { verbatimModuleSyntax: true } },
  }).code;

/** Jest transform for Svelte components and `.svelte.ts` rune modules. */
export default {
  process(source, filename) {
    const compiled = filename.endsWith('.svelte')
      ? compile(source, {
          filename,
          generate: 'client',
          css: 'injected',
          runes: filename.includes('node_modules') ? undefined : true,
        })
      : compileModule(stripTypes(source, filename), { filename, generate: 'client' });
    return { code: compiled.js.code, map: compiled.js.map };
  },
  getCacheKey(source, filename) {
    return `${filename}:${readFileSync(new URL(import.meta.url)).length}:${source}`;
  },
};
