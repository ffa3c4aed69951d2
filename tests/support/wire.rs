//! A capture file of one connection after the other, packet by packet.

/// Link type of packets that begin with IP's header.
const RAW_IP: u32 = 101;

/// Flags of TCP.
const SYN: u8 = 0x02;
const PUSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// How a capture file begins.
pub fn header() -> Vec<u8> {
    [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, RAW_IP].map(u32::to_le_bytes).concat()
}

/// One connection between two hosts.
pub struct Wire {
    port: u16,
    seconds: u32,
    /// Sequence number of the next byte of client and server.
    sent: [u32; 2],
}

impl Wire {
    /// A connection from a port of the client.
    pub fn new(port: u16) -> Wire {
        Wire { port, seconds: 1_772_359_200, sent: [1, 1] }
    }

    /// The packets that open the connection.
    pub fn handshake(&mut self) -> Vec<u8> {
        self.sent = [0, 0];
        let asks = self.segment(0, SYN, &[]);
        self.sent = [1, 0];
        let agrees = self.segment(1, SYN | ACK, &[]);
        self.sent = [1, 1];
        [asks, agrees, self.segment(0, ACK, &[])].concat()
    }

    /// The next packet of a side, as a record of a capture file.
    pub fn packet(&mut self, side: usize, data: &[u8]) -> Vec<u8> {
        self.segment(side, ACK | PUSH, data)
    }

    fn segment(&mut self, side: usize, flags: u8, data: &[u8]) -> Vec<u8> {
        let length = 40 + data.len() as u32;
        let (ends, ports) = ([[10, 0, 0, 1], [10, 0, 0, 2]], [self.port, 8080]);
        let mut ip = vec![0x45, 0, (length >> 8) as u8, length as u8, 0, 0, 0, 0, 64, 6, 0, 0];
        ip.extend([ends[side], ends[1 - side]].concat());
        ip.extend([ports[side].to_be_bytes(), ports[1 - side].to_be_bytes()].concat());
        ip.extend([self.sent[side].to_be_bytes(), self.sent[1 - side].to_be_bytes()].concat());
        ip.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        ip.extend(data);
        self.sent[side] += data.len() as u32;
        self.seconds += 1;
        [&[self.seconds, 0, length, length].map(u32::to_le_bytes).concat()[..], &ip].concat()
    }
}
