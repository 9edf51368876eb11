//! What str0m does not tell of a session description: which stream is which track.

use std::collections::HashMap;

/// Track (`TR_…`) of every stream (SSRC) in a description of LiveKit's. It says so in lines such as
/// `a=ssrc:1234 msid:PA_abc|TR_def TR_def` (RFC 5576, section 4.1).
pub(crate) fn tracks_by_ssrc(sdp: &str) -> HashMap<u32, String> {
    sdp.lines()
        .filter_map(|line| {
            let (ssrc, attribute) = line.trim_end().strip_prefix("a=ssrc:")?.split_once(' ')?;
            let (_, track) = attribute.strip_prefix("msid:")?.split_once(' ')?;
            Some((ssrc.parse().ok()?, track.to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_known_by_their_track() {
        let sdp = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=ssrc:77 cname:PA_x|TR_a\r\n\
                   a=ssrc:77 msid:PA_x|TR_a TR_a\r\na=ssrc:zz msid:PA_x TR_b\r\na=ssrc:9\r\n\
                   a=ssrc:4294967295 msid:PA_y|TR_c TR_c\r\n";
        let expected = HashMap::from([(77, "TR_a".to_owned()), (u32::MAX, "TR_c".to_owned())]);
        assert_eq!(tracks_by_ssrc(sdp), expected);
    }
}
