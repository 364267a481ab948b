import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Certificates as Heroku's Kafka has them. */
export interface Certificates {
  /** PEM: who signed the broker's certificate, after an authority that is being replaced. */
  readonly trusted: string;
  /** PEM: what a client shows. */
  readonly clientCert: string;
  readonly clientCertKey: string;
  /** Files for the broker: its key with its certificate, which names another host; and who signs clients. */
  readonly brokerFile: string;
  readonly authorityFile: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export async function makeCertificates(dir: string): Promise<Certificates> {
  const file = (name: string) => join(dir, name);
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args);
  const makeAuthority = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
      '-subj',
      `/CN=${name}`,
    );
  const makeSigned = async (name: string) => {
    await openssl('req', ...KEY, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`), '-subj', `/CN=${name}`);
    const by = ['-CA', file('authority.pem'), '-CAkey', file('authority.key'), '-CAcreateserial'];
    await openssl('x509', '-req', '-in', file(`${name}.csr`), ...by, '-out', file(`${name}.pem`));
    return { key: await readFile(file(`${name}.key`), 'utf8'), cert: await readFile(file(`${name}.pem`), 'utf8') };
  };
  await makeAuthority('authority');
  await makeAuthority('authority-before');
  const broker = await makeSigned('broker-1.invalid');
  const client = await makeSigned('client');
  await writeFile(file('broker.pem'), broker.key + broker.cert);
  const [before, now] = await Promise.all(
    ['authority-before.pem', 'authority.pem'].map((name) => readFile(file(name), 'utf8')),
  );
  return {
    trusted: `${before}${now}`,
    clientCert: client.cert,
    clientCertKey: client.key,
    brokerFile: file('broker.pem'),
    authorityFile: file('authority.pem'),
  };
}
