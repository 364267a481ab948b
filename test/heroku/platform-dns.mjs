/**
 * Loaded into dynos: names of EC2 hosts stand for the address that they contain, as Amazon's own name servers answer.
 * So add-ons have the host names that they have on Heroku.
 */
import dns from 'node:dns';

const { lookup } = dns;
const EC2 = /^ec2-(\d+)-(\d+)-(\d+)-(\d+)\.compute-1\.amazonaws\.com$/;

dns.lookup = (hostname, ...rest) => lookup(hostname.replace(EC2, '$1.$2.$3.$4'), ...rest);
