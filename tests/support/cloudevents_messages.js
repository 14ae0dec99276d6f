// Prints the HTTP messages that the README of the npm SDK shows how to make: [{name, headers, body}].
const http = require("http");
const { CloudEvent, Emitter, emitterFor, HTTP, httpTransport, Mode } = require("cloudevents");

const [type, source] = process.argv.slice(2);
const data = { message: "Hello World!", n: [1, { "ü": "✓" }] };
const messages = [];
const keep = (name) => (message) => messages.push({ name, headers: message.headers, body: message.body ?? "" });
const plain = { specversion: "1.0", source, type, id: "1234" };
const event = () => new CloudEvent({ type, source, data });

keep("binary")(HTTP.binary(event()));
keep("structured")(HTTP.structured(event()));
keep("binary, extended")(HTTP.binary(event().cloneWith({ extension: "Value" })));
keep("structured, extended")(HTTP.structured(event().cloneWith({ extension: "Value" })));
keep("binary, with an id")(HTTP.binary(new CloudEvent({ ...plain, data })));
keep("binary, without data")(HTTP.binary(new CloudEvent({ source, type })));
keep("structured, without data")(HTTP.structured(new CloudEvent({ source, type })));
emitterFor(keep("a transport of one's own"), { mode: Mode.BINARY })(event());
emitterFor(keep("structured, by a transport of one's own"), { mode: Mode.STRUCTURED })(event());

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    keep(request.url.slice(1))({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    response.end();
  });
});
server.listen(0, "127.0.0.1", async () => {
  const to = (path) => emitterFor(httpTransport(`http://127.0.0.1:${server.address().port}/${path}`));
  await to("its-own-transport")(event());
  Emitter.on("cloudevent", to("the-emitter"));
  await event().emit();
  server.close();
  process.stdout.write(JSON.stringify(messages));
});
