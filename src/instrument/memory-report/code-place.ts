import { fileURLToPath } from 'node:url';

/**
 * The file of a script as people know it: below the application's root, or from `node_modules/` on. Of any other file
 * only the name remains, because directories name users and machines. Null for Node's own code, and for what V8 runs
 * without a script. A script that was evaluated from text has no file: its URL may contain that text.
 *
 * @param root the application's directory, absolute
 */
export function placeOf(url: string, root: string): string | null {
  if (url === '' || url.startsWith('node:')) return null;
  const path = pathOf(url);
  if (path === null) return '(evaluated code)';
  const inPackage = path.lastIndexOf('/node_modules/');
  if (inPackage >= 0) return path.slice(inPackage + 1);
  const below = root.endsWith('/') ? root : `${root}/`;
  return path.startsWith(below) ? path.slice(below.length) : path.slice(path.lastIndexOf('/') + 1);
}

function pathOf(url: string): string | null {
  if (url.startsWith('/')) return url;
  if (!url.startsWith('file:')) return null;
  try {
    return fileURLToPath(url);
  } catch {
    return null;
  }
}
