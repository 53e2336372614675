namespace Functional.Tests.Properties;

/// <summary>Where the seeds of properties come from; FsCheck itself has tests of its own.</summary>
public sealed class PropertySupportTests
{
    static readonly List<int> seen = [], counted = [];

    [Fact]
    public void A_seed_follows_from_the_file_and_the_name_alone()
    {
        var seed = Seeds.For("/_/tests/A.cs", "Holds");
        Assert.Equal(seed, Seeds.For(@"C:\elsewhere\A.cs", "Holds"));
        Assert.NotEqual(seed, Seeds.For("/_/tests/B.cs", "Holds"));
        Assert.NotEqual(seed, Seeds.For("/_/tests/A.cs", "Holds_too"));
        Assert.Matches(@"^\(\d+,\d*[13579]\)$", seed);
    }

    [Fact]
    public void A_property_has_the_seed_of_its_place_unless_it_is_given_one()
    {
        Assert.Equal(Seeds.For("PropertySupportTests.cs", nameof(A_property_has_the_seed_of_its_place_unless_it_is_given_one)), new PropertyAttribute().Replay);
        Assert.Equal("(1,3)", new PropertyAttribute { Replay = "(1,3)" }.Replay);
    }

    /// <summary>The seed reaches FsCheck: with it given in full, the same cases come, on every machine.</summary>
    [Property(Replay = "(1,3)", MaxTest = 5)]
    public void The_seed_chooses_the_cases(int x)
    {
        seen.Add(x);
        if (seen.Count == 5) Assert.Equal([13, 3, 35, 47, 73], seen);
    }

    [Property]
    public bool Parameters_are_generated_under_the_runner(int x, int y) => x + y == y + x;

    [Property(MaxTest = 7)]
    public void A_property_runs_as_many_cases_as_it_asks(int x)
    {
        counted.Add(x);
        Assert.InRange(counted.Count, 1, 7);
    }

    [Property]
    public async Task Tasks_are_awaited_under_the_runner(int x)
    {
        await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Equal(x, -(-x));
    }
}
