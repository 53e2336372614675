using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Functional.Tests.Properties.Architecture;

/// <summary>Rules of the source tree that no compiler checks.</summary>
public sealed partial class SourceRuleTests
{
    const int MostLines = 400;

    /// <summary>
    /// <c>Seq&lt;int&gt; s = [1, 2]</c> compiles and is empty. Found wherever a type of LanguageExt's stands right
    /// before the brackets: a variable, field or property with a value, a cast, an expression body.
    /// </summary>
    [GeneratedRegex(@"\b(Seq|Arr|Lst|Set|Que|Stck)<[^;={}]*>\??(\s+\w+\s*(\{[^{}]*\}\s*)?(\([^()]*\)\s*)?(=>|=)\s*|\)\s*)\[(?!\s*(assembly|module)\b)")]
    private static partial Regex EmptyCollection();

    static string Under(string folder) => Path.Combine(SourceTree.Root, folder);

    static IEnumerable<string> Sources(params string[] folders) =>
        from folder in folders
        where Directory.Exists(Under(folder))
        from file in Directory.EnumerateFiles(Under(folder), "*.cs", SearchOption.AllDirectories)
        where !file[SourceTree.Root.Length..].Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin")
        select file;

    static IEnumerable<string> References(string project, string kind) =>
        from item in XDocument.Load(Path.Combine(Under("src"), project, $"{project}.csproj")).Descendants(kind)
        select ((string)item.Attribute("Include")!).Split('/', '\\')[^1].Replace(".csproj", "", StringComparison.Ordinal);

    [Fact]
    public void Sources_are_found() => Assert.True(Sources("src").Count() > 20);

    [Fact]
    public void A_source_file_can_be_read_in_one_sitting() =>
        Assert.DoesNotContain(Sources("src"), file => File.ReadLines(file).Count() > MostLines);

    [Fact]
    public void No_collection_expression_becomes_a_collection_of_LanguageExt() =>
        Assert.Empty(
            from file in Sources("src", "tests", "samples", "bench")
            where Path.GetFileName(file) != "SourceRuleTests.cs"
            from Match match in EmptyCollection().Matches(File.ReadAllText(file))
            select $"{Path.GetFileName(file)}: {match.Value}");

    [Theory]
    [InlineData("Seq<int> s = [1, 2];", true)]
    [InlineData("public Lst<(int, string)> Items { get; init; } = [];", true)]
    [InlineData("static Arr<Seq<int>> Make(int n) => [Seq(n)];", true)]
    [InlineData("var s = (Seq<int>)[1];", true)]
    [InlineData("Seq<int> s = Seq(1, 2);", false)]
    [InlineData("Vec<int> s = [1, 2];", false)]
    [InlineData("int First(Seq<int> s) => s[0];", false)]
    [InlineData("int[] All(Seq<int> s) => [.. s];", false)]
    public void The_rule_on_collections_tells_them_apart(string code, bool wrong) =>
        Assert.Equal(wrong, EmptyCollection().IsMatch(code));

    [Theory]
    [InlineData("Core.Pure", new string[0])]
    [InlineData("Corpus", new[] { "Core.Pure" })]
    [InlineData("Core.Effects", new[] { "Core.Pure", "Corpus" })]
    [InlineData("Facade", new[] { "Core.Effects", "Core.Pure" })]
    [InlineData("Chat", new[] { "Facade" })]
    [InlineData("Lessons", new[] { "Chat" })]
    [InlineData("Server", new[] { "Facade" })]
    [InlineData("Studio", new[] { "Facade", "Lessons", "Server" })]
    [InlineData("Cli", new[] { "Facade", "Server", "Studio" })]
    public void A_layer_references_only_the_layers_below(string project, string[] allowed) =>
        Assert.Equal(allowed, References(project, "ProjectReference").Order(StringComparer.Ordinal));

    [GeneratedRegex(@"\busing\s+(static\s+)?(\w+\s*=\s*)?TorchSharp\b|\bTorchSharp\.\w")]
    private static partial Regex Torch();

    [Fact]
    public void Only_the_torch_engine_knows_TorchSharp()
    {
        string[] folders = [Path.Combine("src", "Core.Effects", "Engines", "Torch") + Path.DirectorySeparatorChar,
            Path.Combine("tests", "Properties", "Engine", "Torch") + Path.DirectorySeparatorChar];
        Assert.DoesNotContain(Sources("src", "tests", "samples", "bench"), file => !folders.Any(folder => file.Contains(folder, StringComparison.Ordinal))
            && Torch().IsMatch(File.ReadAllText(file)));
    }

    /// <summary>
    /// What TorchSharp's package wants beside itself, and never is called, is in no output; and no libtorch is there unless it was asked for.
    /// </summary>
    [Fact]
    public void The_output_holds_what_is_used()
    {
        var files = Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories)
            .Select(static f => Path.GetFileName(f).ToUpperInvariant()).ToList();
        Assert.Contains("TORCHSHARP.DLL", files);
        Assert.DoesNotContain(files, static f => f.Contains("SKIASHARP", StringComparison.Ordinal) || f.Contains("SHARPZIPLIB", StringComparison.Ordinal));
        Assert.Contains("GOOGLE.PROTOBUF.DLL", files);
    }

    /// <summary>An assembly is loaded with the first method that names its types: no other file's methods do.</summary>
    [Fact]
    public void Only_the_adapter_knows_Microsofts_tokenizers() => Assert.Equal(["MicrosoftTokenizer.cs"],
        Sources("src").Where(static file => File.ReadAllText(file).Contains("= Microsoft.ML.Tokenizers;", StringComparison.Ordinal)
            || File.ReadAllText(file).Contains("using Microsoft.ML", StringComparison.Ordinal)).Select(static file => Path.GetFileName(file)));

    [Fact]
    public void The_pure_core_takes_one_package() =>
        Assert.Equal(["LanguageExt.Core"], References("Core.Pure", "PackageReference"));

    [Theory]
    [InlineData("Core.Pure")]
    [InlineData("Corpus")]
    [InlineData("Core.Effects")]
    [InlineData("Facade")]
    [InlineData("Chat")]
    [InlineData("Lessons")]
    [InlineData("Server")]
    [InlineData("Studio")]
    [InlineData("Cli")]
    public void Public_members_must_be_documented(string project)
    {
        Assert.Contains("<GenerateDocumentationFile>true<", File.ReadAllText(Path.Combine(Under("src"), "Directory.Build.props")), StringComparison.Ordinal);
        var text = File.ReadAllText(Path.Combine(Under("src"), project, $"{project}.csproj"));
        Assert.DoesNotContain("GenerateDocumentationFile", text, StringComparison.Ordinal);
        Assert.DoesNotContain("1591", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Sources(Path.Combine("src", project)),
            file => File.ReadAllText(file).Contains("disable CS1591", StringComparison.Ordinal));
    }
}
