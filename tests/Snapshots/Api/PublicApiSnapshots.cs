using System.Reflection;
using Functional.Base;
using Functional.Chat;
using Functional.Engines;
using Functional.Server;
using Functional.Stories;
using Functional.Studio;

namespace Functional.Tests.Snapshots.Api;

/// <summary>
/// What others may call of each package, so that nothing of it changes by accident: a change shows here, and is approved by <c>FUNCTIONAL_ACCEPT=1</c> and read in
/// the diff of the approved file. A test is named like its project.
/// </summary>
public sealed class PublicApiSnapshots
{
    [Fact]
    public Task Core_Pure() => Verify(PublicApi.Of(typeof(Fault).Assembly));

    [Fact]
    public Task Corpus() => Verify(PublicApi.Of(typeof(World).Assembly));

    [Fact]
    public Task Core_Effects() => Verify(PublicApi.Of(typeof(IEngine).Assembly));

    [Fact]
    public Task Facade() => Verify(PublicApi.Of(typeof(LanguageModel).Assembly));

    [Fact]
    public Task Chat() => Verify(PublicApi.Of(typeof(ChatClient).Assembly));

    [Fact]
    public Task Server() => Verify(PublicApi.Of(typeof(ModelServer).Assembly));

    [Fact]
    public Task Studio() => Verify(PublicApi.Of(typeof(StudioServer).Assembly));

    [Fact]
    public void Every_library_has_one() => Assert.Equal(
        from file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.csproj", SearchOption.AllDirectories)
        where !File.ReadAllText(file).Contains("<PackAsTool>true", StringComparison.Ordinal)
        select Path.GetFileNameWithoutExtension(file).Replace('.', '_') into name
        orderby name
        select name,
        from method in typeof(PublicApiSnapshots).GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        where method.ReturnType == typeof(Task)
        orderby method.Name
        select method.Name);
}
