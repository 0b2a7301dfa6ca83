// Judges messages with the validators of npm, unmodified: `node judge.cjs sns-validator < messages`.
//
// A message is a line of base64; the verdict on it is a line, `ok` or `refused <why>`. The packages are found in
// NODE_PATH. The name of the host that has the certificate leads to SNS_ADDRESS; what is trusted besides the
// usual is in NODE_EXTRA_CA_CERTS.

const dns = require("node:dns");
const readline = require("node:readline");
const { promisify } = require("node:util");

const known = dns.lookup;
dns.lookup = (host, options, done) => {
  const address = host === process.env.SNS_HOST ? process.env.SNS_ADDRESS : host;
  return known(address, options, done);
};

const judges = {
  "sns-validator": () => {
    const validator = new (require("sns-validator"))();
    return promisify(validator.validate.bind(validator));
  },
  "sns-payload-validator": () => {
    const validator = new (require("sns-payload-validator"))();
    return (text) => validator.validate(text);
  },
};

async function main(judge) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const message = Buffer.from(line, "base64").toString();
    const verdict = await judge(message).then(
      () => "ok",
      (error) => `refused ${String(error).replaceAll("\n", " ")}`,
    );
    console.log(verdict);
  }
}

// A validator that leaves an answer unread would keep the process alive.
main(judges[process.argv[2]]()).then(() => process.exit(0));
