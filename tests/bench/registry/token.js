// What `stmiot token` does: node token.js HUB-DIR
const fs = require('fs');
const { ConnectionString, SharedAccessSignature } = require('azure-iothub');

const c = ConnectionString.parse(fs.readFileSync(`${process.argv[2]}/connection-string`, 'utf8').trim());
const expires = Math.floor(Date.now() / 1000) + 3600;
console.log(SharedAccessSignature.create(c.HostName, c.SharedAccessKeyName, c.SharedAccessKey, expires).toString());
