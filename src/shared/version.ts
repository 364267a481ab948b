/** This package's version, which is in the scope of the metrics. A test compares it with package.json. */
export const VERSION = '0.1.0';
