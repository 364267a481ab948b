/**
 * ioredis writes every command into the log of the package `debug`, the password of AUTH with them. Imported before
 * ioredis, which reads the variable once, this keeps `DEBUG=*` from showing it; `DEBUG=ioredis:connection` still works.
 */
if (process.env.DEBUG !== undefined) process.env.DEBUG += ',-ioredis:redis';
