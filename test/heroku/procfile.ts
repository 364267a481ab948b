/** A Procfile's lines: process types and their commands, in order. */
export function parseProcfile(text: string): readonly { readonly type: string; readonly command: string }[] {
  return [...text.matchAll(/^([\w-]+):[ \t]*(\S.*?)[ \t]*$/gm)].map(([, type = '', command = '']) => ({
    type,
    command,
  }));
}
