/** This package's version, as the scope of the metrics carries it. A test holds it equal to package.json. */
export const VERSION = '0.1.0';
