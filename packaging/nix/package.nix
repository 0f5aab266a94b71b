# The program from its sources: `nix-build -E 'with import <nixpkgs> {}; callPackage ./packaging/nix/package.nix {}'`.
{ lib, rustPlatform, installShellFiles, stdenv }:

rustPlatform.buildRustPackage {
  pname = "tagship";
  version = (lib.importTOML ../../Cargo.toml).package.version;

  src = lib.cleanSource ../..;
  cargoLock.lockFile = ../../Cargo.lock;

  # The tests start git servers and registries on loopback.
  doCheck = false;

  nativeBuildInputs = [ installShellFiles ];
  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    bash packaging/describe.sh $out/bin/tagship described
    installManPage described/man/*.1
    installShellCompletion --bash --name tagship described/completions/tagship.bash
    installShellCompletion --zsh described/completions/_tagship
    installShellCompletion --fish described/completions/tagship.fish
  '';

  meta = {
    description = "The release step of a GitOps pipeline";
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "tagship";
  };
}
