//! Compiles `proto/` (features `onnx` and `serve`) and tells the linker where libtorch lies (feature `train`).

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");

    #[cfg(feature = "onnx")]
    {
        println!("cargo:rerun-if-changed=proto/onnx.proto");
        let descriptors = protox::compile(["proto/onnx.proto"], ["proto"])?;
        prost_build::Config::new().compile_fds(descriptors)?;
    }

    #[cfg(feature = "serve")]
    {
        use protox::prost::Message;
        println!("cargo:rerun-if-changed=proto/inference.proto");
        let descriptors = protox::compile(["proto/inference.proto"], ["proto"])?;
        // What reflection tells: the file as it was written.
        let file = std::path::PathBuf::from(std::env::var("OUT_DIR")?).join("inference.bin");
        std::fs::write(file, descriptors.encode_to_vec())?;
        tonic_prost_build::configure().build_client(false).build_transport(false).compile_fds(descriptors)?;
    }

    #[cfg(feature = "train")]
    {
        println!("cargo:rerun-if-env-changed=LIBTORCH");
        if let Some(libtorch) = std::env::var_os("LIBTORCH") {
            let lib = std::path::Path::new(&libtorch).join("lib");
            // Binaries and tests find the library where it was linked, without LD_LIBRARY_PATH.
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
        }
    }
    Ok(())
}
