/**
 * Some clients write into the log of the package `debug` what must not be read there: ioredis every command, the
 * password of AUTH with them; heroku-client every header and answer. Imported before them, as they read the variable
 * once, this keeps `DEBUG=*` from showing it. `DEBUG=ioredis:connection` still works.
 */
if (process.env.DEBUG !== undefined) process.env.DEBUG += ',-ioredis:redis,-http';
