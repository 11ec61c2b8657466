import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * `count` different ports of the loopback interface that nobody listens on now. Someone may take
 * one before it is used: the caller tries again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  try {
    return await Promise.all(
      servers.map(async (server) => {
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const address = server.address()
        if (address === null || typeof address === 'string') throw new Error('no port was given')
        return address.port
      }),
    )
  } finally {
    for (const server of servers) server.close()
  }
}
