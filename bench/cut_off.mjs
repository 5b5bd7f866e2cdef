// A node whose connections to the database go silent: how long after its last renewal it still accepts a key.
import { createServer, connect } from 'node:net';
import { beside, database, status, until } from './several.mjs';
import { Portal } from './portal.mjs';
import { at } from './revocations.mjs';
import { cuts, goal, ms, number, say } from './settings.mjs';

const RENEWAL = 'UPDATE nodes SET renewals';

// In front of the database. It notes when a node sent something over the connection by which it renews.
class Proxy {
  cut = false;
  renewed_at = 0;
  #sockets = new Set();

  async before(url) {
    const database = new URL(url);
    const [port, host] = [Number(database.port || 5432), database.hostname];
    const server = createServer(client => this.#forward(client, connect(port, host)));
    await new Promise(done => server.listen(0, '127.0.0.1', done));
    server.unref();
    database.host = `127.0.0.1:${server.address().port}`;
    return database.href;
  }

  #forward(client, upstream) {
    let renews = false;
    client.on('data', bytes => {
      if (this.cut) return;
      renews ||= bytes.includes(RENEWAL);
      if (renews) this.renewed_at = performance.now();
      upstream.write(bytes);
    });
    upstream.on('data', bytes => this.cut || client.write(bytes));
    for (const [socket, other] of [[client, upstream], [upstream, client]]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true).on('error', () => {}).on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  // What was lost is lost: the connections of before end.
  restore() {
    this.cut = false;
    for (const socket of this.#sockets) socket.destroy();
  }
}

export async function cut_off() {
  const url = database();
  const first = await (await Portal.start('uncut', [], { SALLYPORT_DATABASE_URL: url })).setUp();
  const proxy = new Proxy();
  const node = await beside(first, 'cut', { SALLYPORT_DATABASE_URL: await proxy.before(url) });
  say(`Cutting off a node ${cuts} times …`);
  const [closed, back] = [[], []];
  for (let n = 0; n < cuts; n++) {
    await until(node, first.key, 200);
    // At another moment between two renewals each time.
    await new Promise(done => setTimeout(done, 300 + (n * 37) % 250));
    proxy.cut = true;
    let accepted_at = performance.now();
    for (;;) {
      const asked_at = performance.now();
      if ((await status(node, first.key)) !== 200) break;
      accepted_at = asked_at;
    }
    closed.push(accepted_at - proxy.renewed_at);
    proxy.restore();
    back.push((await until(node, first.key, 200)).after);
  }
  await Promise.all([first, node].map(each => each.end()));
  goal('a node that is cut off: last accepted after its last renewal, ms', at(closed, 1), { most: 1_200 });
  goal('a node that was cut off: back after, ms', at(back, 1), { most: 2_000 });
  return `### A node that is cut off

${number(cuts)} times, all connections of a node to the database go silent. The last request that it accepted was asked
${ms(at(closed, 0.5))} after its last renewal, at most ${ms(at(closed, 1))}. It accepts again ${ms(at(back, 0.5))} after the connections
work again, at most ${ms(at(back, 1))}.
`;
}
