import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The project's source as a graph of imports, read with TypeScript's own parser. */

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Import {
  /** Path of the file that imports, from the project root, with `/`. */
  from: string;
  /** A project file, such as `server/domain/slot.ts`, or a package, such as `node:fs`. */
  to: string;
  isPackage: boolean;
  /** Nothing of it is left at run time. */
  typeOnly: boolean;
}

export interface SourceFile {
  path: string;
  lines: number;
  imports: Import[];
  readsEnvironment: boolean;
  /** `import.meta`, or an `await` outside of every function. */
  isEntry: boolean;
}

/** Every `.ts` and `.svelte` file below the folders. */
export function readSources(...folders: string[]): SourceFile[] {
  return folders.flatMap((folder) => filesOf(join(root, folder))).map(readSource);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesOf(path);
    return /\.(ts|mts|svelte)$/.test(entry.name) ? [path] : [];
  });
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const path = relative(root, file).split(sep).join('/');
  const code = file.endsWith('.svelte') ? scriptsOf(text) : text;
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  const found: SourceFile = {
    path,
    lines: text.split('\n').length - 1,
    imports: [],
    readsEnvironment: false,
    isEntry: false,
  };
  const visit = (node: ts.Node, inFunction: boolean): void => {
    note(found, node, inFunction);
    const inside = inFunction || ts.isFunctionLike(node);
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, false);
  return found;
}

/** The code of a component: what stands in its `<script>` elements. */
function scriptsOf(component: string): string {
  return [...component.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n');
}

function note(found: SourceFile, node: ts.Node, inFunction: boolean): void {
  const target = targetOf(node);
  if (target) found.imports.push(resolve(found.path, target.specifier, target.typeOnly));
  if (ts.isPropertyAccessExpression(node) && node.getText() === 'process.env') found.readsEnvironment = true;
  if (ts.isMetaProperty(node) || (ts.isAwaitExpression(node) && !inFunction)) found.isEntry = true;
}

/** What a static import, a re-export, a dynamic import or an `import('…')` type names. */
function targetOf(node: ts.Node): { specifier: string; typeOnly: boolean } | null {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeImport(node.importClause) };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeExport(node) };
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [name] = node.arguments;
    return name && ts.isStringLiteralLike(name) ? { specifier: name.text, typeOnly: false } : null;
  }
  if (
    ts.isImportTypeNode(node) &&
    ts.isLiteralTypeNode(node.argument) &&
    ts.isStringLiteral(node.argument.literal)
  )
    return { specifier: node.argument.literal.text, typeOnly: true };
  return null;
}

function isTypeImport(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const named = clause.namedBindings;
  if (clause.name || !named || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

function isTypeExport(node: ts.ExportDeclaration): boolean {
  if (node.isTypeOnly) return true;
  const clause = node.exportClause;
  return !!clause && ts.isNamedExports(clause) && clause.elements.every((element) => element.isTypeOnly);
}

function resolve(from: string, specifier: string, typeOnly: boolean): Import {
  if (!specifier.startsWith('.')) return { from, to: specifier, isPackage: true, typeOnly };
  const path = posix.join(posix.dirname(from), specifier);
  const candidates = [path.replace(/\.js$/, '.ts'), path.replace(/\.mjs$/, '.mts'), path, `${path}.ts`];
  const to = candidates.find((candidate) => isFile(join(root, candidate))) ?? path;
  return { from, to, isPackage: false, typeOnly };
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** Cycles of imports that are there at run time, each as the files along it. */
export function cyclesIn(files: readonly SourceFile[]): string[][] {
  const edges = new Map(files.map((file) => [file.path, runtimeTargets(file)]));
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const cycles: string[][] = [];
  const visit = (path: string): void => {
    state.set(path, 'open');
    trail.push(path);
    for (const next of edges.get(path) ?? []) {
      if (state.get(next) === 'open') cycles.push([...trail.slice(trail.indexOf(next)), next]);
      else if (!state.has(next) && edges.has(next)) visit(next);
    }
    trail.pop();
    state.set(path, 'done');
  };
  for (const path of edges.keys()) if (!state.has(path)) visit(path);
  return cycles;
}

function runtimeTargets(file: SourceFile): string[] {
  return file.imports.filter((one) => !one.isPackage && !one.typeOnly).map((one) => one.to);
}
