using System.Text.RegularExpressions;

namespace Functional.Tests.Properties.Architecture;

/// <summary>What one touches for something new is what the architecture's page says: no other file names one of its kind.</summary>
public sealed class TouchTests
{
    // Lessons are about all of it, as samples are, and nothing is made of them.
    static readonly (string Name, string Text)[] sources =
    [
        .. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(static file => !file.Split(Path.DirectorySeparatorChar).Any(static part => part is "obj" or "bin" or "Lessons"))
            .Select(static file => (Path.GetFileName(file), Regex.Replace(File.ReadAllText(file), @"//.*", ""))),
    ];

    static string[] Naming(string pattern) =>
        [.. sources.Where(s => Regex.IsMatch(s.Text, pattern)).Select(static s => s.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Those that no simplification is about.</summary>
    public static TheoryData<string> Functions => [.. UnaryFunction.All.Select(static f => f.GetType().Name).Except(["Neg", "Sqrt"])];

    [Theory, MemberData(nameof(Functions))]
    public void An_elementwise_function_is_a_record_a_method_and_an_entry_in_each_engine(string name) =>
        Assert.Equal(["ElementFunction.cs", "Elementwise.cs", "LaneTable.cs", "TorchElements.cs"], Naming($@"\bUnaryFunction\.{name}\b|\brecord {name}\(\)"));

    /// <summary>Passes ask a fused kind what they need to know; only what is an instruction, or made by a pass, is named there.</summary>
    [Fact]
    public void No_pass_knows_a_fused_kind_by_name()
    {
        string[] kinds = [.. typeof(FusedKind).Assembly.GetTypes().Where(static t => t.IsSubclassOf(typeof(FusedKind))).Select(static t => t.Name)];
        var compiling = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "src", "Core.Pure", "Compiling")).Select(Path.GetFileName).ToHashSet();
        Assert.Equal(["Compiler.cs: ScaledSum", "PointwiseKernel.cs: Gelu", "PointwiseKernel.cs: GeluGradient", "Rematerialisation.cs: BlockEnd", "Rematerialisation.cs: Deferred",
            "ScaledSums.cs: ScaledSum"],
            kinds.SelectMany(kind => Naming($@"(?<![.\w]){kind}\b").Where(compiling.Contains).Select(file => $"{file}: {kind}")).Order(StringComparer.Ordinal));
    }

    /// <summary>Those that the code itself asks for by name: what computes, and what a run begins with.</summary>
    static readonly string[] known = ["engine", "device", "precision", "threads", "from", "data", "steps", "warmup", "lr", "min-lr"];

    public static TheoryData<string> Settings => [.. RunConfig.Fields.Select(static f => f.Name).Except(known)];

    /// <summary>Files, options, help and messages read the list of fields: its own file is the only one that names a setting.</summary>
    [Theory, MemberData(nameof(Settings))]
    public void A_setting_stands_in_one_file_of_the_settings(string name) =>
        Assert.Single(Naming($@"(\bMake\.\w+(<[^>]*>)?|(?<![.\w])(Size|Number|Truth|List|Flags|Choice))\(\s*""{name}""|\bnew\(\s*""{name}"", nameof"));

    /// <summary>What trains knows no objective, and no algorithm has a trainer, a plan or a loop of its own.</summary>
    [Fact]
    public void Who_trains_knows_no_objective()
    {
        Assert.Equal(["Objectives.cs", "Questions.cs", "RunConfig.cs", "Score.cs"], Naming(@"\bObjectives\b"));
        Assert.Equal(["Stage.cs", "TextData.cs"], Naming(@"\bStage\.Pretraining\b|\bStage Pretraining\b"));
        Assert.Equal(["ConversationRows", "Experience", "JudgedRows", "MeasuringWindows", "MixedMeasure", "MixedWindows", "PairRows", "RankingRows", "TrainingWindows"],
            typeof(Source).Assembly.GetTypes().Where(static t => t.IsSubclassOf(typeof(Source)) && !t.IsAbstract).Select(static t => t.Name).Order(StringComparer.Ordinal));
    }
}
