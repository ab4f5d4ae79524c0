//! Servers of the other side, small enough to see through: they take what comes and keep it.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What came, in order.
type Kept = Arc<Mutex<Vec<String>>>;

/// A server that keeps what it is sent.
pub struct Other {
    pub port: u16,
    kept: Kept,
}

impl Other {
    /// A mail server. It takes `me` with the password `secret` where somebody signs in, answers `refusal` to the receiver
    /// `refused@example.com`, and hangs up after the mail for `cut@example.com`.
    pub async fn smtp(refusal: &'static str) -> Self {
        Self::start(move |stream, kept| Box::pin(smtp(stream, kept, refusal))).await
    }

    /// An HTTP server that answers every call with this status and body.
    pub async fn http(status: u16, body: &'static str) -> Self {
        Self::answering(move |_| (status, body)).await
    }

    /// An HTTP server that answers each call, head and body, as this says.
    pub async fn answering(answer: impl Fn(&str) -> (u16, &'static str) + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::start(move |stream, kept| Box::pin(http(stream, kept, Arc::clone(&answer)))).await
    }

    async fn start<F>(serve: F) -> Self
    where
        F: Fn(TcpStream, Kept) -> std::pin::Pin<Box<dyn Future<Output = Option<()>> + Send>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let kept = Kept::default();
        let shared = Arc::clone(&kept);
        #[expect(clippy::disallowed_methods, reason = "the other side ends with the test")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, kept }
    }

    /// What came so far.
    #[must_use]
    pub fn kept(&self) -> Vec<String> {
        self.kept.lock().unwrap().clone()
    }

    /// The address of an HTTP server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

async fn smtp(stream: TcpStream, kept: Kept, refusal: &'static str) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test\r\n").await.ok()?;
    let mut cut = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let word = line.trim_end().to_ascii_uppercase();
        let answer = match word.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250-AUTH PLAIN LOGIN\r\n250 SMTPUTF8".to_owned(),
            // `\0me\0secret`
            "AUTH" if line.contains("AG1lAHNlY3JldA==") => "235 welcome".to_owned(),
            "AUTH" => "535 no".to_owned(),
            "RCPT" if line.contains("refused@example.com") => {
                format!("{refusal} <refused@example.com> is not here")
            }
            "RCPT" => {
                cut = line.contains("cut@example.com");
                "250 ok".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                let mut mail = String::new();
                while !mail.ends_with("\r\n.\r\n") {
                    if stream.read_line(&mut mail).await.ok()? == 0 {
                        return None;
                    }
                }
                kept.lock().unwrap().push(mail);
                if cut {
                    return None;
                }
                "250 taken".to_owned()
            }
            "QUIT" => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn http<F>(stream: TcpStream, kept: Kept, answer: Arc<F>) -> Option<()>
where
    F: Fn(&str) -> (u16, &'static str) + Send + Sync,
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse::<usize>().ok())?
        });
        let mut sent = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut sent).await.ok()?;
        let call = head + &String::from_utf8(sent).unwrap();
        let (status, body) = answer(&call);
        kept.lock().unwrap().push(call);
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nlocation: /elsewhere\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}
