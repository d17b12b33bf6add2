/** Licences that allow this program to be given on under any terms, as SPDX writes them. */
const FREE = [
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Python-2.0',
];

/** For a font that goes along with a program (SIL Open Font License). */
export const FREE_FONT = 'OFL-1.1';

/** Whether an SPDX expression leaves a choice that is free. */
export function isFree(license: string): boolean {
  return license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => FREE.includes(one)));
}
