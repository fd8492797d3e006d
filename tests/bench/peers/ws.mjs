// The bench's server in Node with ws: acks what has a msgid with one say, sends binary messages back.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2] ?? 3000), perMessageDeflate: false, backlog: 4096 });
server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, binary) => {
        if (binary) return socket.send(data, { binary: true });
        const message = JSON.parse(data);
        if (message.type && message.msgid) {
            socket.send(JSON.stringify({ type: 'ack', msgid: message.msgid, data: [{ verb: 'say', text: 'Hello' }] }));
        }
    });
});
