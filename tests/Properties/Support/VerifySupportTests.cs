#if !VERIFY
namespace Functional.Tests.Properties;

/// <summary>The comparison with approved files itself.</summary>
public sealed class VerifySupportTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-verify-").FullName;

    Snapshot Approved(string text)
    {
        var snapshot = new Snapshot(folder, "Class.Method");
        File.WriteAllText(snapshot.Verified, text);
        return snapshot;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("one\ntwo", "one\ntwo")]
    [InlineData("one\r\ntwo", "one\ntwo")]
    [InlineData("one\ntwo", "one\r\ntwo")]
    [InlineData("\uFEFFone", "one")]
    public async Task The_approved_text_passes_whatever_its_line_ends(string approved, string received) =>
        await Approved(approved).Check(received, accept: false);

    [Theory]
    [InlineData("one\ntwo\nthree", "one\n2\nthree", "line 2:", "\"two\"", "\"2\"")]
    [InlineData("one", "one\ntwo", "line 2:", "(no such line)", "\"two\"")]
    [InlineData("one\n", "one", "line 2:", "\"\"", "(no such line)")]
    [InlineData("one ", "one", "line 1:", "\"one \"", "\"one\"")]
    public async Task Another_text_fails_and_is_kept(
        string approved, string received, string line, string old, string now)
    {
        var snapshot = Approved(approved);
        var error = await Assert.ThrowsAsync<VerifyException>(() => snapshot.Check(received, accept: false));
        Assert.All([line, $"approved: {old}", $"received: {now}", snapshot.Verified, snapshot.Received],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.Equal(approved, File.ReadAllText(snapshot.Verified));
        Assert.Equal(received, File.ReadAllText(snapshot.Received));
    }

    [Fact]
    public async Task A_text_that_nobody_approved_fails()
    {
        var snapshot = new Snapshot(folder, "Class.Method");
        var error = await Assert.ThrowsAsync<VerifyException>(() => snapshot.Check("text", accept: false));
        Assert.Contains("Nothing is approved yet", error.Message, StringComparison.Ordinal);
        Assert.Equal("text", File.ReadAllText(snapshot.Received));
    }

    [Fact]
    public async Task Accepting_replaces_the_approved_text_and_clears_the_received_one()
    {
        var snapshot = Approved("old");
        await Assert.ThrowsAsync<VerifyException>(() => snapshot.Check("new", accept: false));
        await snapshot.Check("new", accept: true);
        await snapshot.Check("new", accept: false);
        Assert.False(File.Exists(snapshot.Received));
    }

    [Theory]
    [InlineData("/_/tests/Support/Snapshot.cs")]
    [InlineData("/somewhere/else/tests/Support/Snapshot.cs")]
    [InlineData(@"C:\work\functional\tests\Support\Snapshot.cs")]
    public void A_source_file_is_found_in_this_checkout(string compiledPath) =>
        Assert.Equal(Path.Combine(SourceTree.Root, "tests", "Support"), SourceTree.DirectoryOf(compiledPath));

    [Fact]
    public async Task Verify_names_the_file_after_the_running_test() => await Verify("A text\nof two lines");
}
#endif
