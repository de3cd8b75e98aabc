//! `smld info`: what made a picture, from its own recipe; and made again, whether it is the same.

use super::fault::ClientError;
use super::print::{note, print};
use super::remote::{Remote, RemoteArgs};
use clap::Args;
use png::Decoder;
use serde_json::Value;
use std::io::{Cursor, Read};
use std::path::PathBuf;

/// Tells what made a picture of smld's, from the recipe that it carries
#[derive(Args, Debug)]
pub struct Info {
    /// The picture
    #[arg(value_name = "FILE.png")]
    file: PathBuf,
    /// Have a server make it again, and compare; fails where it is not the same
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// A picture: its recipe, and its pixels as they are stored.
struct Picture {
    recipe: Value,
    size: (u32, u32),
    pixels: Vec<u8>,
}

impl Info {
    /// Reads, prints, and compares where that is asked.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn run(&self) -> Result<(), ClientError> {
        let bytes =
            std::fs::read(&self.file).map_err(|source| ClientError::File { path: self.file.clone(), source })?;
        let picture =
            Picture::read(&bytes).map_err(|reason| ClientError::NoRecipe { path: self.file.clone(), reason })?;
        print(format_args!("{:#}\n", picture.recipe))?;
        if self.again {
            let remote = Remote::new(&self.remote)?;
            note(compare(&remote, &bytes, &picture)?);
        }
        Ok(())
    }
}

impl Picture {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let fault = |error: png::DecodingError| format!("it is no PNG that can be read: {error}");
        let mut reader = Decoder::new(Cursor::new(bytes)).read_info().map_err(fault)?;
        let size = reader.output_buffer_size().ok_or("it is too large")?;
        let mut pixels = vec![0; size];
        reader.next_frame(&mut pixels).map_err(fault)?;
        let info = reader.info();
        let mut texts =
            info.uncompressed_latin1_text.iter().filter(|chunk| chunk.keyword == "smld").map(|chunk| &chunk.text);
        let recipe = texts
            .next_back()
            .ok_or("it carries no recipe: another program made it, or has left out the text that smld had put in")?;
        let recipe = serde_json::from_str(recipe).map_err(|error| format!("its recipe is damaged: {error}"))?;
        Ok(Self { recipe, size: (info.width, info.height), pixels })
    }
}

/// Has `picture`, whose file is `bytes`, made again: how far it is the same.
fn compare(remote: &Remote, bytes: &[u8], picture: &Picture) -> Result<String, ClientError> {
    let mut body = picture.recipe.clone();
    let known = |name: &str| picture.recipe[name].as_str().unwrap_or_default().to_owned();
    // The recipe is the request's body and these two.
    if let Some(fields) = body.as_object_mut() {
        fields.remove("sha256");
        fields.remove("version");
    }
    let answer = remote.samples(&body, "image/png")?;
    let sha256 = answer.header("x-smld-model-sha256").unwrap_or_default();
    let mut again = Vec::new();
    answer.body().read_to_end(&mut again).map_err(|error| remote.broken_off(&error.to_string()))?;
    if again == bytes {
        return Ok("made again: the same, to the last byte".to_owned());
    }
    let other = Picture::read(&again).map_err(|reason| remote.foreign(&reason))?;
    if (other.size, &other.pixels) == (picture.size, &picture.pixels) {
        return Ok("made again: the same pixels; the files differ beside them".to_owned());
    }
    let apart = other.pixels.iter().zip(&picture.pixels).filter(|(a, b)| a != b).count();
    let why = if sha256 == known("sha256") {
        format!(
            "the model is the same file; made by smld {}, on another processor or by another runtime numbers may round differently",
            known("version")
        )
    } else {
        format!("the server's '{}' is another file now", known("model"))
    };
    Err(ClientError::Differs {
        reason: format!("made again, {apart} of {} values differ: {why}", picture.pixels.len()),
    })
}
