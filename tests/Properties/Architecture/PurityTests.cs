using System.Reflection;

namespace Functional.Tests.Properties.Architecture;

/// <summary>The pure core has no door to the world: proved from the built assembly, not from its sources.</summary>
public sealed class PurityTests
{
    static readonly Assembly[] Pure = [typeof(Fault).Assembly, typeof(Corpus).Assembly];

    static string[] Crimes(Type type) =>
        [.. Purity.Code(typeof(PurityTests).Assembly.GetTypes().Where(t => IsWithin(t, type)))];

    static bool IsWithin(Type? type, Type outer) => type is not null && (type == outer || IsWithin(type.DeclaringType, outer));

    // Assert.Empty would cut the list short.
    static void AssertNone(IEnumerable<string> crimes)
    {
        var all = string.Join(Environment.NewLine, crimes.Distinct());
        Assert.True(all.Length == 0, all);
    }

    [Fact]
    public void The_pure_core_references_only_what_is_allowed() => AssertNone(Pure.SelectMany(Purity.References));

    [Fact]
    public void The_pure_core_names_nothing_impure() => AssertNone(Purity.Code(Pure.SelectMany(static a => a.GetTypes())));

    [Fact]
    public void References_that_are_not_allowed_are_found() =>
        Assert.Contains("Functional.Properties references xunit.v3.core", Purity.References(typeof(PurityTests).Assembly));

    [Theory]
    [InlineData("File names System.IO.File.ReadAllText")]
    [InlineData("Opening names System.IO.FileStream..ctor")]
    [InlineData("Folder names System.IO.Path.GetTempPath")]
    [InlineData("Console names System.Console.WriteLine")]
    [InlineData("Machine names System.Environment.get_MachineName")]
    [InlineData("Thread names System.Environment.get_CurrentManagedThreadId")]
    [InlineData("Clock names System.DateTime.get_UtcNow")]
    [InlineData("Watch names System.Diagnostics.Stopwatch.GetTimestamp")]
    [InlineData("Name names System.Guid.NewGuid")]
    [InlineData("Chance names System.Random..ctor")]
    [InlineData("Start names System.Threading.Tasks.Task.Run")]
    [InlineData("Wait names System.Threading.SemaphoreSlim..ctor")]
    [InlineData("Swap names System.Threading.Interlocked.Increment")]
    [InlineData("names System.Environment.get_NewLine")]
    [InlineData("names System.Environment.get_CommandLine")]
    [InlineData("getpid is a native call")]
    [InlineData("Assignable can be assigned")]
    [InlineData("Array holds a Int32[], which can change")]
    [InlineData("Growing holds a List`1, which can change")]
    [InlineData("perThread differs between threads")]
    public void A_crime_is_found(string crime) =>
        Assert.Contains(Crimes(typeof(ImpureSample)), found => found.EndsWith(crime, StringComparison.Ordinal));

    [Fact]
    public void What_only_looks_impure_passes() => Assert.Empty(Crimes(typeof(PureSample)));
}
