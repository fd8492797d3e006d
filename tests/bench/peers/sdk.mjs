// The bench's server with the official SDK: a say for each session:new and each hook; an audio socket that echoes.
import http from 'node:http';
import { createEndpoint } from '@jambonz/sdk/websocket';

const server = http.createServer();
const makeService = createEndpoint({ server });
makeService({ path: '/' }).on('session:new', (session) => {
    session.on('error', () => {});
    session.on('/hook', () => session.say({ text: 'Hello' }).reply());
    session.say({ text: 'Hello' }).send();
});
makeService.audio({ path: '/audio' }).on('connection', (stream) => {
    stream.on('error', () => {});
    stream.on('audio', (pcm) => stream.sendAudio(pcm));
});
server.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 3000), backlog: 4096 });
