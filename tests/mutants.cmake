# SPDX-License-Identifier: BSD-3-Clause
#
# The production code once more, with small wrong changes compiled in (base/mutant.h), which the
# checkers have to catch.

# The engine once more, with the mutants compiled in; the linker prefers these objects to the rooms'
# archives, so the rest of the world is the one that ships.
set(mutated ${PROJECT_SOURCE_DIR}/base/mutant.cc)
foreach(room replication nodes)
  get_target_property(files ${room} SOURCES)
  list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/${room}/)
  list(APPEND mutated ${files})
endforeach()
add_executable(sunder_mutants ${mutated}
  campaign/bases.cc
  campaign/finds_mutants_test.cc
  campaign/schedules_find_mutants_test.cc
  model/mutants_test.cc
  model/shrink_test.cc
  netsim/checkers/disk_stories.cc
  netsim/checkers/hierarchy_stories.cc
  netsim/checkers/hunts.cc
  netsim/checkers/missed.cc
  netsim/checkers/pause_stories.cc
  netsim/checkers/mutants_test.cc
  netsim/checkers/properties.cc
  netsim/checkers/resync_stories.cc
  netsim/checkers/stage.cc
  netsim/checkers/takeover_stories.cc
  netsim/checkers/target_stories.cc
  netsim/checkers/traps.cc
  netsim/checkers/volume_stories.cc
  published/bugs.cc
  published/bugs_test.cc)
target_compile_definitions(sunder_mutants PRIVATE SUNDER_MUTANTS
  SUNDER_PUBLISHED="${PROJECT_SOURCE_DIR}/scenarios/published")
set_property(SOURCE campaign/finds_mutants_test.cc PROPERTY
  COMPILE_DEFINITIONS $<$<CONFIG:Release>:SUNDER_MANY_RUNS>)
target_link_libraries(sunder_mutants PRIVATE test_main campaign)
target_precompile_headers(sunder_mutants PRIVATE ${precompiled})
add_test(NAME mutants COMMAND sunder_mutants --use-colour no)

# The array.
set(mutated)
get_target_property(files emulator SOURCES)
foreach(file IN LISTS files)
  list(APPEND mutated ${PROJECT_SOURCE_DIR}/emulator/${file})
endforeach()
add_executable(sunder_array_mutants ${mutated}
  ${PROJECT_SOURCE_DIR}/netsim/array_reports.cc
  emulator/medium.cc
  emulator/mutants_test.cc
  emulator/rig.cc
  emulator/rig_checks.cc
  netsim/checkers/array_mutants_test.cc)
target_compile_definitions(sunder_array_mutants PRIVATE SUNDER_MUTANTS
  SUNDER_EVA="${PROJECT_SOURCE_DIR}/scenarios/eva")
target_link_libraries(sunder_array_mutants PRIVATE test_main language)
add_test(NAME emulator/mutants COMMAND sunder_array_mutants --use-colour no)

# The array and the store that survives.
set(mutated)
foreach(room emulator emulator_media)
  get_target_property(files ${room} SOURCES)
  get_target_property(folder ${room} SOURCE_DIR)
  list(TRANSFORM files PREPEND ${folder}/)
  list(APPEND mutated ${files})
endforeach()
add_executable(sunder_media_mutants ${mutated}
  emulator/media/crash_run.cc
  emulator/media/emptied.cc
  emulator/media/file_medium.cc
  emulator/media/mutants_test.cc
  emulator/media/read_back.cc
  emulator/media/sticky.cc
  emulator/medium.cc
  emulator/rig.cc
  emulator/rig_checks.cc)
target_compile_definitions(sunder_media_mutants PRIVATE SUNDER_MUTANTS)
target_link_libraries(sunder_media_mutants PRIVATE test_main emulator_media)
add_test(NAME emulator/media/mutants COMMAND sunder_media_mutants --use-colour no)
