# The formula of a tap: copy it to Formula/tagship.rb of OWNER/homebrew-tap, and take the sums from action/checksums/VERSION.sha256.
class Tagship < Formula
  desc "Release step of a GitOps pipeline"
  homepage "https://github.com/OWNER/tagship"
  version "0.1.0"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "https://github.com/OWNER/tagship/releases/download/v#{version}/tagship-#{version}-aarch64-apple-darwin.tar.gz"
      sha256 "SUM_OF_aarch64-apple-darwin"
    end
    on_intel do
      url "https://github.com/OWNER/tagship/releases/download/v#{version}/tagship-#{version}-x86_64-apple-darwin.tar.gz"
      sha256 "SUM_OF_x86_64-apple-darwin"
    end
  end

  on_linux do
    on_arm do
      url "https://github.com/OWNER/tagship/releases/download/v#{version}/tagship-#{version}-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "SUM_OF_aarch64-unknown-linux-gnu"
    end
    on_intel do
      url "https://github.com/OWNER/tagship/releases/download/v#{version}/tagship-#{version}-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "SUM_OF_x86_64-unknown-linux-gnu"
    end
  end

  def install
    bin.install "tagship"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/tagship.bash" => "tagship"
    zsh_completion.install "completions/_tagship"
    fish_completion.install "completions/tagship.fish"
  end

  test do
    (testpath/"kustomization.yaml").write "images:\n- name: web\n  newTag: v1\n"
    system bin/"tagship", "set", "web=*:v2"
    assert_match "newTag: v2", (testpath/"kustomization.yaml").read
  end
end
