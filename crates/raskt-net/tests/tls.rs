//! Connections by TLS: who has a certificate of the authority is let in, and everybody else hears why not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::time::Duration;

use raskt_core::{Error, Result};
use raskt_net::transport::{
    Address, Certificates, Connection, FrameLimits, HandshakeOptions, Listener, Tls, Token, accept, connect,
    introduce, read_frame, write_frame,
};
use tokio::io::AsyncWriteExt;

const TIMEOUT: Duration = Duration::from_secs(20);

fn options(tls: Option<&Certificates>) -> HandshakeOptions {
    let tls = tls.map(|certificates| Tls::new(certificates).unwrap());
    HandshakeOptions { token: Token::default(), tls, timeout: TIMEOUT }
}

/// What a client hears, and the scheduler, of a connection between them.
async fn met(
    listens: &HandshakeOptions,
    at: Address,
    connects: &HandshakeOptions,
    by: fn(&str, u16) -> Address,
) -> (Result<Connection>, Result<Connection>) {
    let listener = Listener::bind(&at, listens.tls.as_ref()).await.unwrap();
    let address = by("127.0.0.1", listener.address().port());
    let client = async {
        let mut connection = connect(&address, connects.tls.as_ref(), TIMEOUT).await?;
        introduce::<_, String>(&mut connection, connects, &"client".to_owned()).await.map(|_| connection)
    };
    let server = async {
        let accepted = accept(listener.accept().await.unwrap(), listens).await?;
        accepted.welcome(&"welcome".to_owned()).await
    };
    tokio::join!(client, server)
}

fn why(met: &Result<Connection>) -> String {
    met.as_ref().err().map(Error::to_string).unwrap_or_default()
}

#[tokio::test]
async fn those_with_a_certificate_of_the_authority_speak() {
    let options = options(Some(&Certificates::temporary().unwrap()));
    let (client, server) = met(&options, Address::tls("127.0.0.1", 0), &options, Address::tls).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    // More than a record of TLS, with a buffer.
    let said = raskt_core::Payload { header: vec![7; 100_000], buffers: vec![vec![8; 300_000].into()] };
    let heard = async {
        write_frame(&mut client.writer, &said).await.unwrap();
        client.writer.flush().await.unwrap();
    };
    let ((), heard) = tokio::join!(heard, read_frame(&mut server.reader, FrameLimits::PEER));
    assert_eq!(heard.unwrap().unwrap(), said);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_by_both_sides() {
    let [own, other] = [(); 2].map(|()| Certificates::temporary().unwrap());
    let (listens, connects) = (options(Some(&own)), options(Some(&other)));
    let (client, server) = met(&listens, Address::tls("127.0.0.1", 0), &connects, Address::tls).await;
    assert!(why(&client).contains("invalid peer certificate"), "{}", why(&client));
    assert!(server.is_err());
    // It takes the listener's, and shows another one.
    let mixed = options(Some(&Certificates { authority: own.authority.clone(), ..other }));
    let (client, server) = met(&listens, Address::tls("127.0.0.1", 0), &mixed, Address::tls).await;
    assert!(why(&client).contains("does not take the certificate of this side"), "{}", why(&client));
    assert!(why(&server).contains("invalid peer certificate"), "{}", why(&server));
}

#[tokio::test]
async fn one_side_without_tls_hears_so() {
    let (with, without) = (options(Some(&Certificates::temporary().unwrap())), options(None));
    let (client, server) = met(&with, Address::tls("127.0.0.1", 0), &without, Address::tcp).await;
    assert!(why(&client).contains("it speaks TLS; its address is written tls://"), "{}", why(&client));
    assert!(why(&server).contains("it does not speak TLS"), "{}", why(&server));
    let (client, server) = met(&without, Address::tcp("127.0.0.1", 0), &with, Address::tls).await;
    assert!(why(&client).contains("a port without TLS is written tcp://"), "{}", why(&client));
    assert!(server.is_err());
}

#[tokio::test]
async fn tls_needs_certificates() {
    let at = Address::tls("127.0.0.1", 0);
    let error = Listener::bind(&at, None).await.err().unwrap().to_string();
    assert!(error.contains("TLS needs certificates"), "{error}");
    let error = connect(&Address::tls("127.0.0.1", 9), None, TIMEOUT).await.err().unwrap().to_string();
    assert!(error.contains("TLS needs certificates"), "{error}");
}
